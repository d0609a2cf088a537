import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { type Sha, sha256 } from '../records/index.ts'
import type { Problem } from './verify.ts'

/** Signs releases. It holds the private key and gives only the public one away. `keyid` is the sha256 of the public key (DER). */
export type Signer = { keyid: Sha; publicKey: string; sign(bytes: Uint8Array): Buffer }
/** Who signed. `trusted` says that it was the key that the caller named, and not only the one that came along. */
export type Signed = { keyid: Sha; trusted: boolean }

/** A signature of a payload, after DSSE 1. */
export type Envelope = { payloadType: string; payload: string; signatures: { keyid: string; sig: string }[] }

export const payloadType = 'application/vnd.in-toto+json'
export const signatureFile = 'signature.json'
export const publicKeyFile = 'signature.pub'

const keyidOf = (key: KeyObject): Sha => sha256(key.export({ type: 'spki', format: 'der' }))

/** A new private key, as PEM text (PKCS #8). */
export function newSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}

/** Throws SR_USAGE where the text is no Ed25519 key; the text itself is never repeated. */
export function signerOf(pem: string): Signer {
  let key: KeyObject | undefined
  try {
    key = createPrivateKey(pem)
  } catch {
    // Told below, without the text.
  }
  if (key?.asymmetricKeyType !== 'ed25519') throw noKey('private')
  const own = createPublicKey(key)
  return {
    keyid: keyidOf(own),
    publicKey: own.export({ type: 'spki', format: 'pem' }) as string,
    sign: bytes => sign(null, bytes, key),
  }
}

function publicKeyOf(pem: string): KeyObject {
  let key: KeyObject | undefined
  try {
    key = createPublicKey(pem)
  } catch {
    // Told below.
  }
  if (key?.asymmetricKeyType !== 'ed25519') throw noKey('public')
  return key
}

const noKey = (half: string): StillroomError =>
  new StillroomError('SR_USAGE', `The file holds no ${half} Ed25519 key.`, {
    expected: half === 'private' ? 'PKCS #8 in PEM, without a passphrase' : 'a public key in PEM',
    hint: 'stillroom keys makes a key for this workspace and prints its public half',
  })

/** What is signed of a payload (DSSE, pre-authentication encoding). */
export function preAuthentication(type: string, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${body.length} `), body])
}

export function envelopeOf(statement: object, { keyid, sign }: Signer): Envelope {
  const body = Buffer.from(JSON.stringify(statement))
  const sig = sign(preAuthentication(payloadType, body)).toString('base64')
  return { payloadType, payload: body.toString('base64'), signatures: [{ keyid, sig }] }
}

type Statement = { _type: string; subject: { name: string; digest: { sha256: Sha } }[]; predicateType: string }

/** The statement of an envelope whose signature holds for a key, else why it does not. */
export function openEnvelope(envelope: Envelope, pem: string): { statement: Statement } | { wrong: string } {
  const key = publicKeyOf(pem)
  if (envelope.payloadType !== payloadType) return { wrong: `holds ${envelope.payloadType}, not ${payloadType}` }
  const body = Buffer.from(envelope.payload, 'base64')
  const signed = preAuthentication(envelope.payloadType, body)
  // The key id is a hint that nobody vouches for: every signature is tried.
  const holds = envelope.signatures.some(({ sig }) => verify(null, signed, key, Buffer.from(sig, 'base64')))
  if (!holds) return { wrong: `the signature does not hold for the key ${keyidOf(key).slice(0, 16)}` }
  return { statement: JSON.parse(body.toString('utf8')) as Statement }
}

/** Of a release, of a withdrawn one, and of an erasure. */
const signedFiles = ['manifest.json', 'run.json', 'tombstone.json', 'certificate.json']

/** An in-toto statement (v1) about manifest and run.json, with the recipe and the run as SLSA provenance (v1). */
function statementOf(dir: string): object {
  const read = (name: string): string => readFileSync(join(dir, name), 'utf8')
  const files = signedFiles.filter(name => existsSync(join(dir, name)))
  const { name, version, recipe } = JSON.parse(
    read(files.includes('manifest.json') ? 'manifest.json' : 'tombstone.json'),
  )
  const { run, at } = files.includes('run.json') ? JSON.parse(read('run.json')) : {}
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: files.map(file => ({ name: file, digest: { sha256: sha256(read(file)) } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:stillroom:release:1',
        externalParameters: { name, version },
        ...(recipe ? { resolvedDependencies: [{ name: 'recipe', digest: { sha256: recipe } }] } : {}),
      },
      runDetails: {
        builder: { id: 'urn:stillroom' },
        metadata: { ...(run ? { invocationId: run } : {}), ...(at ? { finishedOn: at } : {}) },
      },
    },
  }
}

/** Signs a release as it lies; an earlier signature is replaced. */
export function signRelease(dir: string, signer: Signer): void {
  const put = (name: string, text: string): void => {
    writeFileSync(join(dir, `${name}.tmp`), text)
    renameSync(join(dir, `${name}.tmp`), join(dir, name))
  }
  put(publicKeyFile, signer.publicKey)
  put(signatureFile, `${JSON.stringify(envelopeOf(statementOf(dir), signer), null, 2)}\n`)
}

/**
 * Checks the signature of a release, by the key that is named or the one that came with it. Undefined without problems is
 * a release that nobody signed; where a key is named, that is a problem.
 */
export function checkSignature(dir: string, key: string | undefined, problems: Problem[]): Signed | undefined {
  const file = signatureFile
  const wrong = (message: string): undefined => void problems.push({ file, message })
  if (!existsSync(join(dir, file)))
    return key === undefined ? undefined : wrong('is missing: nobody signed this release')
  const own = join(dir, publicKeyFile)
  const pem = key ?? (existsSync(own) ? readFileSync(own, 'utf8') : undefined)
  if (pem === undefined) return wrong(`no key to check it by: ${publicKeyFile} is missing`)
  try {
    const opened = openEnvelope(JSON.parse(readFileSync(join(dir, file), 'utf8')) as Envelope, pem)
    if ('wrong' in opened) return wrong(opened.wrong)
    const subjects = new Map(opened.statement.subject.map(({ name, digest }) => [name, digest.sha256]))
    for (const name of signedFiles) {
      const path = join(dir, name)
      const found = existsSync(path) ? sha256(readFileSync(path)) : undefined
      if (found !== subjects.get(name)) problems.push({ file: name, message: 'is not what was signed' })
    }
    return { keyid: keyidOf(publicKeyOf(pem)), trusted: key !== undefined }
  } catch (error) {
    if (key !== undefined && StillroomError.is(error)) throw error
    return wrong(`cannot be read: ${(error as Error).message}`)
  }
}
