import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, relative, resolve, sep } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { openHub, pageOf, push, readCard, repoPattern, type Upload } from '../../hub/index.ts'
import { statedPurpose, verifyRelease } from '../../release/index.ts'
import type { Call, Run } from '../commands.ts'
import { bytes, counted } from '../figures.ts'
import { keyGiven } from '../key-file.ts'
import { table } from '../layout.ts'
import { here } from '../open.ts'
import { type Reporter, reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io, given } = call
  const dir = resolve(io.cwd, call.args[0]!)
  const repo = repoGiven(given.to)
  const hub = openHub(io.env)
  const content = await contentOf(call, dir)
  const uploads = filesOf(dir)
  const total = uploads.reduce((n, file) => n + file.bytes, 0)
  const reporter = reporterOf(call)
  const { version } = content
  const what = `${content.title}: ${counted(uploads.length, 'file')}, ${bytes(total)}`
  if (given.dryRun) {
    reporter.say(
      table(
        [
          { head: 'file', flex: true },
          { head: 'size', right: true },
        ],
        uploads.map(file => [file.path, bytes(file.bytes)]),
        reporter.width,
        text => reporter.paint('bold', text),
      ),
      '',
      `${what}, would go to ${pageOf(hub, repo, version)}. Nothing was sent.`,
    )
    const files = uploads.map(({ path, bytes }) => ({ path, bytes }))
    reporter.result({ dry: true, repo, version: version ?? null, bytes: total, files })
    return 0
  }
  reporter.say(content.about)
  const stop = new AbortController()
  const forget = io.onInterrupt(() => stop.abort(interrupted()))
  const line = progressLine(call, reporter)
  try {
    const pushed = await push(hub, {
      ...{ repo, uploads, title: content.title, public: given.public ?? false, known: content.known },
      ...(version === undefined ? {} : { version }),
      ...(content.name === undefined ? {} : { name: content.name }),
      signal: stop.signal,
      told: line.told,
    })
    line.end()
    const at = pushed.private ? 'a private repository' : 'a public repository'
    reporter.say(
      pushed.existed
        ? `${what}: it is there already, nothing was written.`
        : `${what}, pushed to ${at}${pushed.created ? ' that was made for it' : ''}.`,
      pushed.removed.length > 0 ? `${counted(pushed.removed.length, 'file')} of an earlier version taken out.` : [],
      pushed.private && given.public
        ? 'The repository was private before, and stays so: its settings make it public.'
        : [],
      pushed.url,
      '',
      'As a source of a recipe:',
      '',
      `  ${sourceName(repo)}: { hub: ${repo}, revision: ${version === undefined ? pushed.commit : JSON.stringify(version)}, license: ${content.license ?? '<license>'} }`,
    )
    reporter.result({ repo, ...pushed, version: version ?? null, files: uploads.length, bytes: total })
    return 0
  } finally {
    line.end()
    forget()
  }
}

const interrupted = () =>
  new StillroomError('SR_INTERRUPTED', 'The push was interrupted.', {
    hint: 'give the same command again: large files that are there are not sent twice, and nothing shows before the commit',
  })

function repoGiven(to: string | undefined): string {
  if (to !== undefined && repoPattern.test(to)) return to
  throw new StillroomError('SR_USAGE', to === undefined ? '--to is missing.' : `--to ${to} names no repository.`, {
    expected: '<owner>/<name>, the owner being your account or an organisation of yours',
  })
}

const sourceName = (repo: string): string =>
  repo
    .split('/')[1]!
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')

type Content = {
  title: string
  /** A sentence on what was checked. */
  about: string
  name?: string
  version?: string
  license?: string
  known(path: string): boolean
}

/** What the folder holds: a release, verified and fit to be seen by those who will, or any folder with a card. */
async function contentOf(call: Call, dir: string): Promise<Content> {
  const { io, given } = call
  const shown = here(io, dir)
  if (existsSync(join(dir, 'manifest.json')) || existsSync(join(dir, 'tombstone.json'))) return releaseIn(call, dir)
  const card = existsSync(join(dir, 'README.md')) ? readFileSync(join(dir, 'README.md'), 'utf8') : undefined
  if (card === undefined || !/^---\r?\n[\s\S]*?\r?\n---/.test(card)) {
    throw new StillroomError('SR_NOT_FOUND', `${shown} is no release, and has no card.`, {
      position: { file: shown },
      expected: 'manifest.json of a release, or a README.md that begins with front matter',
      hint: 'name the folder of a release, such as releases/<name>-<version>, or of an export to the layout of the Hub',
    })
  }
  const { license } = readCard(card)
  const title = `${basename(dir)}${given.version === undefined ? '' : ` ${given.version}`}`
  return {
    title,
    about: `${shown} is no release: nothing vouches for its rows but its card.`,
    ...(license === undefined ? {} : { license }),
    ...(given.version === undefined ? {} : { version: given.version }),
    known: () => true,
  }
}

async function releaseIn(call: Call, dir: string): Promise<Content> {
  const { io, given } = call
  const shown = here(io, dir)
  if (given.version !== undefined) {
    throw new StillroomError('SR_USAGE', 'A release has its version from its recipe.', { hint: 'leave out --version' })
  }
  const key = keyGiven(call)
  const { problems, manifest, signed } = await verifyRelease(dir, key === undefined ? {} : { key })
  const gates = problems.filter(({ file, message }) => file === 'gates.json' && message.startsWith('the gate '))
  const other = problems.filter(problem => !gates.includes(problem))
  if (other.length > 0 || !manifest) {
    const lines = other.map(({ file, line, message }) => `${[file, line].filter(Boolean).join(':')} ${message}`)
    throw new StillroomError('SR_VERIFY', `${shown} does not verify, and is not pushed.`, {
      received: `${lines.slice(0, 3).join('; ')}${lines.length > 3 ? `; and ${lines.length - 3} more` : ''}`,
      hint: `stillroom verify ${shown} lists all; a release is never mended, release anew`,
    })
  }
  if (gates.length > 0) {
    throw new StillroomError('SR_GATE', `${shown} is not pushed: ${gates.map(({ message }) => message).join('; ')}.`)
  }
  if (given.public) await expectForAll(dir, shown)
  const { name, version, license } = manifest
  const identity = new Set([...manifest.files.map(({ path }) => path), 'manifest.json'])
  return {
    ...{ title: `${name} ${version}`, name, version, license },
    about: `${name} ${version} verifies${signed ? `, signed by ${signed.keyid.slice(0, 16)}` : ', and nobody signed it'}.`,
    known: path => identity.has(path),
  }
}

/** Licenses and terms were judged by what the recipe says it is for: for a few is not for all. */
async function expectForAll(dir: string, shown: string): Promise<void> {
  const { distribute } = await statedPurpose(dir)
  if (distribute !== 'private') return
  throw new StillroomError('SR_GATE', `The gates of ${shown} were judged for \`purpose.distribute: private\`.`, {
    hint: 'leave out --public; or write `distribute: public` in the recipe and release again, so that licenses and terms are judged for it',
  })
}

/** Every file of the folder, in order; what hides there, and drafts that a kill left, are no content. */
function filesOf(dir: string): Upload[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .map(file => ({ path: relative(dir, file).split(sep).join('/'), file, bytes: statSync(file).size }))
    .filter(({ path }) => !/(?:^|\/)\.|\.tmp-\d+$/.test(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Bytes that are there: drawn over itself on a terminal, a line now and then elsewhere. */
function progressLine({ io }: Call, reporter: Reporter) {
  let drawn = false
  let before = 0
  return {
    told({ sent, total, path = '' }: { sent: number; total: number; path?: string }): void {
      const text = `${bytes(sent)} of ${bytes(total)}  ${path}`.trimEnd()
      const human = reporter.kind === 'human'
      if (sent - before < (human ? total / 200 : Math.max(total / 20, 10 * 2 ** 20))) return
      before = sent
      if (human) io.out(`\r\u001b[K${text.slice(0, reporter.width - 1)}`)
      else reporter.say(text)
      drawn = human
    },
    end(): void {
      if (drawn) io.out('\r\u001b[K')
      drawn = false
    },
  }
}
