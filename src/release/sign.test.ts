import { generateKeyPairSync } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { handmadeInput, handmadeRecords } from '../../test/support/handmade-release.ts'
import { sha256 } from '../records/index.ts'
import { type Manifest, newSigningKey, signerOf, verifyRelease, writeRelease } from './index.ts'
import { preAuthentication } from './sign.ts'

const folder = mkdtempSync(join(tmpdir(), 'stillroom-signed-'))
const pem = newSigningKey()
const signer = signerOf(pem)
const dir = join(folder, 'pumps')
let copies = 0

beforeAll(async () => {
  const input = handmadeInput(handmadeRecords(), { format: 'jsonl', run: { run: '20261120-0900', usd: 1 } })
  expect(await writeRelease(input, dir, signer)).toMatchObject({ keyid: signer.keyid })
})

const data = 'data/sft/train-00000-of-00001.jsonl'
const said = async (of: string, key: string | undefined = signer.publicKey) =>
  (await verifyRelease(of, key === undefined ? {} : { key })).problems.map(
    ({ file, line, message }) => `${[file, line].filter(one => one !== undefined).join(':')} ${message}`,
  )
function changed(path: string, change: (text: string) => string, agree = false): string {
  const copy = join(folder, `copy-${copies++}`)
  cpSync(dir, copy, { recursive: true })
  const before = readFileSync(join(copy, path), 'utf8')
  expect(change(before)).not.toBe(before)
  writeFileSync(join(copy, path), change(before))
  if (agree) {
    // As somebody would who hides it: the manifest says what now lies there.
    const manifest = JSON.parse(readFileSync(join(copy, 'manifest.json'), 'utf8')) as Manifest
    for (const file of manifest.files) {
      const bytes = readFileSync(join(copy, file.path))
      Object.assign(file, { bytes: bytes.length, sha256: sha256(bytes) })
    }
    writeFileSync(join(copy, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  }
  return copy
}

test('the encoding of what is signed is that of the DSSE protocol', () => {
  // The example of its specification (protocol.md).
  expect(preAuthentication('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  )
})

test('a signed release verifies by the key that is named and by the one that came along, and holds no private key', async () => {
  expect(await said(dir)).toEqual([])
  expect((await verifyRelease(dir)).signed).toEqual({ keyid: signer.keyid, trusted: false })
  expect((await verifyRelease(dir, { key: signer.publicKey })).signed).toEqual({ keyid: signer.keyid, trusted: true })
  const secret = pem.split('\n')[1]!
  for (const file of ['signature.json', 'signature.pub', 'manifest.json', 'run.json'])
    expect(readFileSync(join(dir, file), 'utf8')).not.toContain(secret)
  const { payload } = JSON.parse(readFileSync(join(dir, 'signature.json'), 'utf8'))
  const statement = JSON.parse(Buffer.from(payload, 'base64').toString())
  expect(statement).toMatchObject({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: 'manifest.json', digest: { sha256: sha256(readFileSync(join(dir, 'manifest.json'))) } },
      { name: 'run.json', digest: { sha256: sha256(readFileSync(join(dir, 'run.json'))) } },
    ],
    predicate: { runDetails: { metadata: { invocationId: '20261120-0900' } } },
  })
})

describe('verify says where', () => {
  test('a byte was changed, in a row of data', async () => {
    const copy = changed(data, text => text.replace('百度', '百渡'))
    expect(await said(copy)).toContain(`${data}:2 the row here was changed, by the tree of the manifest`)
  })

  test('a row was removed, also where the digest of the file was written anew', async () => {
    const copy = changed(data, text => text.slice(text.indexOf('\n') + 1), true)
    const found = await said(copy)
    expect(found).toContain(`${data}:1 the row here was removed, by the tree of the manifest`)
    expect(found).toContain('manifest.json is not what was signed')
    expect(found.some(one => one.startsWith(`${data} has`))).toBe(false)
  })

  test('a field of the card was edited, and which one', async () => {
    expect(await said(changed('README.md', text => text.replace('license: cc-by-4.0', 'license: mit')))).toContain(
      'README.md the field license is not as released',
    )
    const edited = changed('README.md', text => text.replace('may state things that are wrong', 'are right'))
    expect(await said(edited)).toContain('README.md the section "Limitations" is not as released')
  })

  test('run.json or a line of provenance is another', async () => {
    expect(await said(changed('run.json', text => text.replace('1', '2')))).toEqual(['run.json is not what was signed'])
    const copy = changed('provenance.jsonl', text => text.replace('"kind":"document"', '"kind":"exam"'), true)
    expect(await said(copy)).toContainEqual(expect.stringMatching(/^provenance\.jsonl:\d the row here was changed/))
  })

  test('somebody else signed it', async () => {
    const other = signerOf(newSigningKey())
    const copy = join(folder, 'other')
    await writeRelease(handmadeInput(handmadeRecords(), { format: 'jsonl' }), copy, other)
    expect((await verifyRelease(copy)).problems).toEqual([])
    expect(await said(copy)).toEqual([
      `signature.json the signature does not hold for the key ${signer.keyid.slice(0, 16)}`,
    ])
  })

  test('nobody signed it, which is a problem only where a key is named', async () => {
    const copy = join(folder, 'unsigned')
    await writeRelease(handmadeInput(handmadeRecords(), { format: 'jsonl' }), copy)
    expect(await verifyRelease(copy)).toMatchObject({ problems: [] })
    expect((await verifyRelease(copy)).signed).toBeUndefined()
    expect(await said(copy)).toEqual(['signature.json is missing: nobody signed this release'])
    // An equal release that lies there gets the signature it lacked, and nothing else changes.
    await writeRelease(handmadeInput(handmadeRecords(), { format: 'jsonl' }), copy, signer)
    expect(await said(copy)).toEqual([])
  })
})

test('a key of another kind is refused without being repeated', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  for (const text of [String(rsa), 'no key']) {
    expect(() => signerOf(text)).toThrow(expect.objectContaining({ code: 'SR_USAGE' }))
    expect(() => signerOf(text)).not.toThrow(new RegExp(text.split('\n')[1] ?? text))
  }
})
