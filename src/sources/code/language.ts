import { basename } from 'node:path'

/** Languages by the ending of a file, in lower case as they are written after a code fence. */
const byEnding: { [ending: string]: string } = Object.fromEntries(
  Object.entries({
    python: 'py pyi',
    javascript: 'js mjs cjs jsx',
    typescript: 'ts mts cts tsx',
    java: 'java',
    kotlin: 'kt kts',
    scala: 'scala',
    groovy: 'groovy',
    go: 'go',
    rust: 'rs',
    c: 'c h',
    cpp: 'cc cpp cxx hh hpp hxx',
    csharp: 'cs',
    fsharp: 'fs',
    swift: 'swift',
    'objective-c': 'm mm',
    ruby: 'rb',
    php: 'php',
    perl: 'pl pm',
    lua: 'lua',
    r: 'r',
    julia: 'jl',
    haskell: 'hs',
    ocaml: 'ml mli',
    elixir: 'ex exs',
    erlang: 'erl',
    clojure: 'clj cljs',
    lisp: 'lisp el',
    dart: 'dart',
    zig: 'zig',
    nim: 'nim',
    shell: 'sh bash zsh fish',
    powershell: 'ps1',
    sql: 'sql',
    vue: 'vue',
    svelte: 'svelte',
    fortran: 'f90 f95',
    pascal: 'pas',
    vb: 'vb',
    assembly: 'asm',
    protobuf: 'proto',
    terraform: 'tf',
    solidity: 'sol',
  }).flatMap(([language, endings]) => endings.split(' ').map(ending => [ending, language])),
)

/** Endings of programs. */
export const codeEndings: readonly string[] = Object.keys(byEnding)

/** Interpreters of a first line `#!`. */
const byShebang: [RegExp, string][] = [
  [/\b(?:ba|z|fi|da|k)?sh\b/, 'shell'],
  [/\bpython[\d.]*\b/, 'python'],
  [/\b(?:node|deno|bun)\b/, 'javascript'],
  [/\bperl\b/, 'perl'],
  [/\bruby\b/, 'ruby'],
  [/\bphp\b/, 'php'],
  [/\bRscript\b/, 'r'],
  [/\blua\b/, 'lua'],
]

/** The language of a program: by the line that names its interpreter, its ending, and what only one of two languages writes; `text` where nothing tells. */
export function languageOf(path: string, text: string): string {
  const name = basename(path).replace(/\.gz$/i, '')
  const ending = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ''
  const named = Object.hasOwn(byEnding, ending) ? byEnding[ending]! : undefined
  if (ending === 'm' && !/^\s*(?:@(?:interface|implementation|protocol|import)|#\s*import)\b/m.test(text))
    return 'matlab'
  if (ending === 'h' && /^\s*(?:class\s+\w|namespace\s+\w|template\s*<|using\s+\w)/m.test(text)) return 'cpp'
  if (named !== undefined) return named
  const first = text.slice(0, 200).split('\n', 1)[0]!
  const interpreter = first.startsWith('#!') ? byShebang.find(([of]) => of.test(first)) : undefined
  if (interpreter) return interpreter[1]
  if (/^(?:GNU)?makefile$/i.test(name)) return 'makefile'
  return /^(?:Dockerfile|Containerfile)\b/.test(name) ? 'dockerfile' : 'text'
}
