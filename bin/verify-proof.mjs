#!/usr/bin/env node
// Checks the proof of one row, offline and with nothing but Node: its place in a signed release, its line of descent, and
// that every prompt, teacher, source and call it rests on is told. It shares no code with what wrote the proof.
//
//   node verify-proof.mjs <proof.json> [--key <public key>] [--manifest <manifest.json of the release>]
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'

const sha = (...parts) =>
  createHash('sha256')
    .update(Buffer.concat(parts.map(part => Buffer.from(part))))
    .digest()
const hex = (...parts) => sha(...parts).toString('hex')

/** Root of the tree in which a leaf stands at a place, by its path (RFC 9162, 2.1.3.2). */
function rootBy({ index, size, line, path }) {
  let [at, last, root] = [index, size - 1, sha(Buffer.of(0), line)]
  if (index >= size) throw new Error('a place beyond the end of its file')
  for (const sibling of path.map(text => Buffer.from(text, 'hex'))) {
    if (last === 0) throw new Error('a path that is too long')
    if (at % 2 === 1 || at === last) {
      root = sha(Buffer.of(1), sibling, root)
      while (at % 2 === 0 && at !== 0) [at, last] = [at >>> 1, last >>> 1]
    } else root = sha(Buffer.of(1), root, sibling)
    ;[at, last] = [at >>> 1, last >>> 1]
  }
  if (last !== 0) throw new Error('a path that is too short')
  return root.toString('hex')
}

/** Digests of what was signed, by name (DSSE around an in-toto statement). */
function signedBy({ payloadType, payload, signatures }, key) {
  const body = Buffer.from(payload, 'base64')
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `), body])
  const holds = signatures.some(({ sig }) => verify(null, signed, key, Buffer.from(sig, 'base64')))
  if (!holds || payloadType !== 'application/vnd.in-toto+json') throw new Error('the signature does not hold')
  return new Map(JSON.parse(body.toString()).subject.map(({ name, digest }) => [name, digest.sha256]))
}

function check(proof, key, manifestText) {
  const need = (holds, what) => {
    if (!holds) throw new Error(what)
  }
  // What is trusted: the signature, or a manifest that the reader has from elsewhere.
  need(proof.signature || manifestText !== undefined, 'nobody signed the release: name its manifest with --manifest')
  if (manifestText !== undefined)
    need(proof.manifest === manifestText, 'it is about another release than this manifest')
  if (key !== undefined) need(proof.signature, 'nobody signed the release')
  if (proof.signature) {
    const subjects = signedBy(proof.signature, createPublicKey(key ?? proof.publicKey))
    need(subjects.get('manifest.json') === hex(proof.manifest), 'the manifest is not what was signed')
    need(subjects.get('run.json') === (proof.run && hex(proof.run)), 'run.json is not what was signed')
  }
  const manifest = JSON.parse(proof.manifest)
  const run = proof.run && JSON.parse(proof.run)
  const files = new Map(manifest.files.map(file => [file.path, file]))
  if (run?.journal) files.set(run.journal.file, run.journal)
  need(files.get('gates.json')?.sha256 === hex(proof.gates), 'the gates are not those of the release')
  for (const item of proof.items) {
    const { merkle, rows } = files.get(item.file) ?? {}
    need(merkle && rows === item.size, `${item.file} has no such line in the release`)
    need(rootBy(item) === merkle, `line ${item.index + 1} of ${item.file} is not in the release`)
  }
  const linesOf = wanted => proof.items.filter(({ file }) => wanted(file)).map(({ line }) => JSON.parse(line))
  const rows = linesOf(file => file.startsWith('data/'))
  const records = new Map(linesOf(file => file === 'provenance.jsonl').map(one => [one.id, one]))
  const facts = linesOf(file => file === 'facts.jsonl')
  const told = (fact, by) => new Map(facts.filter(one => one.fact === fact).map(one => [one[by], one]))
  const [sources, teachers, prompts] = [told('source', 'name'), told('teacher', 'id'), told('prompt', 'digest')]
  const calls = new Map(linesOf(file => file === run?.journal?.file).map(one => [one.call, one]))
  need(rows.length === 1 && rows[0].id === proof.id, 'it does not hold the one row that it is about')
  // The whole line of descent, from the row to what was read.
  const reached = new Set()
  const roots = []
  const visit = id => {
    if (reached.has(id)) return
    reached.add(id)
    const record = records.get(id)
    need(record, `the descent lacks ${id}`)
    const { made, source, parents } = record.lineage
    if (source) roots.push(id)
    if (source && source.uri !== 'recipe')
      need(sources.has(source.name), `nothing is told of the source ${source.name}`)
    const judges = Object.values(record.scores).flatMap(({ judge }) => judge ?? [])
    for (const teacher of [...(made?.teachers ?? []), ...judges])
      need(teachers.has(teacher), `nothing is told of the teacher ${teacher}`)
    for (const digest of made?.prompts ?? []) {
      const text = prompts.get(digest)?.text
      need(text === undefined || hex(text) === digest, `the text of prompt ${digest} is another`)
    }
    for (const parent of parents) if (parent.role !== 'corpus') visit(parent.id)
  }
  visit(proof.id)
  need(String(roots.sort()) === String(rows[0].source_ids), 'the row names other sources than its descent')
  for (const { call, provider, model, revision = '', request, draw, attempt } of calls.values())
    need(
      hex(`${hex([provider, model, revision, request, draw].join('\n'))}\n${attempt}`) === call,
      `call ${call} is another`,
    )
  return { manifest, row: rows[0], records, roots, teachers, prompts, calls, gates: JSON.parse(proof.gates).gates }
}

const args = process.argv.slice(2)
const option = name => (args.includes(name) ? readFileSync(args[args.indexOf(name) + 1], 'utf8') : undefined)
try {
  const proof = JSON.parse(readFileSync(args[0], 'utf8'))
  const found = check(proof, option('--key'), option('--manifest'))
  const { manifest, row, records, roots, teachers, prompts, calls, gates } = found
  const say = (...line) => console.log(line.join(' '))
  say(`Row ${row.id} stands in ${manifest.name} ${manifest.version} (${manifest.license}, ${manifest.date}).`)
  say(
    args.includes('--key')
      ? 'Signed by the key that was named.'
      : proof.signature
        ? 'Signed by a key that came with the proof: --key checks by one you trust.'
        : 'Not signed; it is of the manifest that was named.',
  )
  for (const id of roots)
    say('from   ', records.get(id).lineage.source.uri, `(${records.get(id).lineage.source.license})`)
  for (const { id, verdict } of teachers.values()) say('teacher', `${id}: ${verdict.verdict}. ${verdict.why}`)
  say(
    'prompts',
    [...prompts.values()].map(({ name, text }) => name + (text === undefined ? ' (text unknown)' : '')).join(', ') ||
      'none',
  )
  say('calls  ', `${calls.size}, each with the digest of its reply`)
  for (const { id, is, override } of gates)
    say('gate   ', `${id}: ${is}${override === undefined ? '' : `, overridden: ${override}`}`)
} catch (error) {
  console.error(`The proof fails: ${error.message}.`)
  process.exitCode = 1
}
