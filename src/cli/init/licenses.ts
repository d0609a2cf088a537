import { basename } from 'node:path'
import { normaliseLicense } from '../../govern/index.ts'

/** Names of files that hold the text of a license. */
export const isLicenseFile = (path: string): boolean =>
  /^(?:licen[cs]e|copying|unlicense)(?:[._-].*)?$/i.test(basename(path)) && !/\.(?:json|ya?ml|ts|js|py)$/i.test(path)

const titles: [says: RegExp, id: string][] = [
  [/Creative Commons (?:Legal Code\s+)?CC0|CC0 1\.0 Universal/i, 'CC0-1.0'],
  [/Attribution-NonCommercial-ShareAlike (\d\.\d)/i, 'CC-BY-NC-SA-$1'],
  [/Attribution-NonCommercial-NoDerivatives (\d\.\d)/i, 'CC-BY-NC-ND-$1'],
  [/Attribution-ShareAlike (\d\.\d)/i, 'CC-BY-SA-$1'],
  [/Attribution-NonCommercial (\d\.\d)/i, 'CC-BY-NC-$1'],
  [/Attribution-NoDerivatives (\d\.\d)/i, 'CC-BY-ND-$1'],
  [/Attribution (\d\.\d) International/i, 'CC-BY-$1'],
  [/Apache License\s+Version 2\.0/i, 'Apache-2.0'],
  [/Mozilla Public License,? (?:Version )?2\.0/i, 'MPL-2.0'],
  [/GNU AFFERO GENERAL PUBLIC LICENSE/i, 'AGPL-3.0-only'],
  [/GNU LESSER GENERAL PUBLIC LICENSE\s+Version 3/i, 'LGPL-3.0-only'],
  [/GNU GENERAL PUBLIC LICENSE\s+Version 3/i, 'GPL-3.0-only'],
  [/GNU GENERAL PUBLIC LICENSE\s+Version 2/i, 'GPL-2.0-only'],
  [/Permission is hereby granted, free of charge, to any person/i, 'MIT'],
  [/Redistribution and use in source and binary forms[\s\S]*Neither the name/i, 'BSD-3-Clause'],
  [/Redistribution and use in source and binary forms/i, 'BSD-2-Clause'],
  [/This is free and unencumbered software released into the public domain/i, 'Unlicense'],
]

/** The license that a text is or names, as an SPDX id; undefined where that cannot be told. */
export function licenseOf(text: string): string | undefined {
  const stated = /SPDX-License-Identifier:\s*([^\s*]+(?:\s(?:OR|AND|WITH)\s[^\s*]+)*)/.exec(text)?.[1]
  if (stated) return normaliseLicense(stated).spdx
  const head = text.slice(0, 6000)
  for (const [says, id] of titles) {
    const match = says.exec(head)
    if (match) return id.replace('$1', match[1] ?? '')
  }
  return undefined
}
