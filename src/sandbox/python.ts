import { readFileSync } from 'node:fs'
import type { Engine, Meter } from './child.ts'
import { bounded, firstInstant, most, type Ran, type WholeJob } from './job.ts'

/** What of WebAssembly's interface is used here; the types of Node leave it to those of browsers. */
declare const WebAssembly: {
  instantiate(source: Uint8Array, imports?: object): Promise<{ instance: { exports: unknown } }>
}
type Exports = {
  memory: { buffer: ArrayBuffer }
  __stack_pointer: { value: number }
  malloc(bytes: number): number
  PyRun_SimpleString(text: number): number
}
type Imports = { [module: string]: { [name: string]: unknown } }
type Pyodide = {
  version: string
  runPython(code: string): unknown
  setInterruptBuffer(buffer: Uint8Array): void
  _module: { FS: { streams: unknown[] } }
}

/** Thrown through the interpreter: the job is over, whatever it was doing. */
class Over extends Error {
  readonly ended: Ran['ended']
  constructor(ended: Ran['ended'], message: string) {
    super(message)
    this.ended = ended
  }
}

/** Where the harness leaves its report: a file number that nothing else has. */
const reportFd = 1000
/** Error numbers of WASI. */
const denied = 63
const page = 65536

/**
 * What the interpreter may ask of its host while it runs a job: memory, time, and the files of its own library. Everything
 * else that it is linked with ends the job: JavaScript objects, sockets, processes, libraries, timers. What of these
 * Python looks at in ordinary life is refused with an error number instead (`refused`).
 */
const allowed = new Set([
  ...['_PyEM_TrampolineCall_JS', '_Py_emscripten_runtime', '_Py_CheckEmscriptenSignals_Helper'],
  ...['emscripten_resize_heap', 'emscripten_get_heap_max', 'emscripten_get_now', 'emscripten_date_now'],
  ...['clock_time_get', 'clock_res_get', 'random_get', 'environ_get', 'environ_sizes_get'],
  ...['_localtime_js', '_gmtime_js', '_mktime_js', '_timegm_js', '_tzset_js', '__syscall_getuid32_js'],
  ...['fd_read', 'fd_write', 'fd_seek', 'fd_close', 'fd_fdstat_get', 'fd_pread'],
  ...['__syscall_openat', '__syscall_getcwd', '__syscall_getdents64', '__syscall_ioctl', '__syscall_readlinkat'],
  ...['__syscall_stat64', '__syscall_lstat64', '__syscall_fstat64', '__syscall_newfstatat', '__syscall_faccessat'],
])
const refused = /^(?:__syscall_|fd_)/

/**
 * Pyodide as a machine whose whole state is its memory: once it is warm its memory is copied, and put back after every
 * job. Nothing that a job does to modules, builtins or the interpreter can reach the next one, and every job begins with
 * the same bytes, the same clock and the same random numbers.
 */
export async function openPython(folder: string, meter: Meter): Promise<Engine> {
  let exports: Exports | undefined
  let sealed = false
  let output = bounded()
  let report = ''
  let limit = Number.POSITIVE_INFINITY
  let starved = false
  let ticks = 0
  let seed = 0

  const bytes = (): Uint8Array => new Uint8Array(exports!.memory.buffer)
  const words = (): DataView => new DataView(exports!.memory.buffer)

  /** Time passes by being asked for: a millisecond each. Equal jobs see equal times, and waiting takes none. */
  const now = (): number => firstInstant + ++ticks
  function fillRandom(at: number, count: number): number {
    const out = bytes()
    for (let i = 0; i < count >>> 0; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0
      out[(at >>> 0) + i] = seed >>> 24
    }
    return 0
  }
  function write(fd: number, list: number, count: number, written: number): number {
    const view = words()
    let total = 0
    for (let i = 0; i < count; i++) {
      const [at, size] = [view.getUint32(list + 8 * i, true), view.getUint32(list + 8 * i + 4, true)]
      const text = () => Buffer.from(exports!.memory.buffer, at, Math.min(size, most.stdout * 4)).toString('utf8')
      if (fd === 1) output.write(text())
      if (fd === reportFd) report = text()
      total += size
    }
    view.setUint32(written, total, true)
    return fd === 1 || fd === 2 || fd === reportFd ? 0 : denied
  }

  /** In place of the host's own, from the start or once the interpreter is sealed. */
  const always: { [name: string]: (...args: number[]) => unknown } = {
    random_get: (at, count) => fillRandom(at!, count!),
    emscripten_get_now: () => ++ticks,
    emscripten_date_now: now,
    clock_time_get(...args) {
      words().setBigUint64(args.at(-1)! >>> 0, BigInt(now()) * 1_000_000n, true)
      return 0
    },
  }
  const whenSealed: { [name: string]: (host: (...args: number[]) => unknown, ...args: number[]) => unknown } = {
    fd_write: (_, fd, list, count, written) => write(fd!, list! >>> 0, count!, written! >>> 0),
    fd_read(host, fd, list, count, read) {
      if (fd! > 2) return host(fd!, list!, count!, read!)
      words().setUint32(read! >>> 0, 0, true)
      return 0
    },
    // Reading alone: flags other than those of a plain open for reading are refused (O_ACCMODE, O_CREAT, O_TRUNC, O_APPEND).
    __syscall_openat: (host, dir, path, flags, more) =>
      (flags! & (0o3 | 0o100 | 0o1000 | 0o2000)) === 0 ? host(dir!, path!, flags!, more!) : -denied,
    emscripten_resize_heap(host, size) {
      if (size! >>> 0 <= limit) return host(size!)
      starved = true
      return 0
    },
    _Py_CheckEmscriptenSignals_Helper() {
      if (meter.over()) throw new Over('timeout', meter.said())
      return 0
    },
    proc_exit() {
      throw new Over('failed', 'the code ended the interpreter')
    },
    can_run_sync_js: () => 0,
  }

  const instantiate = WebAssembly.instantiate
  Object.assign(WebAssembly, {
    async instantiate(source: Uint8Array, imports?: Imports) {
      if (!imports?.wasi_snapshot_preview1) return instantiate(source, imports)
      const guarded: Imports = {}
      for (const [module, functions] of Object.entries(imports)) {
        guarded[module] = new Proxy(functions, {
          get(_, name: string) {
            const host = functions[name]
            return typeof host === 'function' ? guard(name, host as (...args: number[]) => unknown) : host
          },
        })
      }
      const made = await instantiate(source, guarded)
      exports = made.instance.exports as Exports
      return made
    },
  })

  function guard(name: string, host: (...args: number[]) => unknown): unknown {
    if (always[name]) return always[name]
    const own = whenSealed[name]
    const passes = allowed.has(name)
    if (passes && !own) return host
    return Object.assign((...args: number[]) => {
      if (!sealed) return host(...args)
      if (own) return own(host, ...args)
      if (refused.test(name)) return name.startsWith('fd_') ? denied : -denied
      throw new Over('failed', `the code reaches for its host (${name})`)
    }, host)
  }

  const { loadPyodide } = await import(new URL('pyodide.mjs', folder).href)
  const pyodide = (await loadPyodide({ jsglobals: Object.create(null), env: { HOME: '/' } })) as Pyodide
  Object.assign(WebAssembly, { instantiate })
  // Has the interpreter look up every few thousand instructions: the buffer itself is never read.
  pyodide.setInterruptBuffer(new Uint8Array(1))
  const source = (name: string): string => JSON.stringify(readFileSync(new URL(name, import.meta.url), 'utf8'))
  pyodide.runPython(`
exec(compile(${source('./pyodide.py')}, "<frozen pyodide>", "exec"), {"__name__": "pyodide_boot"})
def __made__():
    import base64, builtins, json, os, sys
    harness = {"__name__": "harness", "__builtins__": builtins}
    exec(compile(${source('./harness.py')}, "<frozen harness>", "exec"), harness)
    pristine = harness["functions"](list(sys.modules.values()))
    run, write, read, say = harness["run"], os.write, json.loads, json.dumps
    def work(job):
        report = run(read(base64.b64decode(job)), pristine)
        write(${reportFd}, say(report).encode())
        if report["ended"] != "ok":
            raise RuntimeError(report["ended"])
    return work
__run__ = __made__()
del __made__
import gc
gc.collect()
gc.freeze()
`)
  const { FS } = pyodide._module
  const streams = [...FS.streams]
  const pointer = exports!.__stack_pointer.value
  const image = bytes().slice()

  function restore(): void {
    const memory = bytes()
    memory.set(image)
    memory.fill(0, image.length)
    exports!.__stack_pointer.value = pointer
    FS.streams.splice(0, FS.streams.length, ...streams)
    ticks = 0
    seed = 1
    starved = false
    report = ''
  }
  restore()
  sealed = true

  function attempt(job: WholeJob): Ran {
    output = bounded()
    limit = image.length + job.memoryMb * 2 ** 20
    const { code, tests, stdin } = job
    const text = Buffer.from(`__run__("${Buffer.from(JSON.stringify({ code, tests, stdin })).toString('base64')}")\0`)
    let over: Pick<Ran, 'ended' | 'error' | 'missing'>
    try {
      const at = exports!.malloc(text.length) >>> 0
      if (at === 0) throw new Over('memory', 'the code itself does not fit into memory')
      bytes().set(text, at)
      const status = exports!.PyRun_SimpleString(at)
      // The report is words, which the code might have written: that it is right, only a return without an error says.
      if (status === 0) over = { ended: 'ok' }
      else {
        const { ended, error, missing } = JSON.parse(report) as Ran
        over = { ended: ended === 'ok' ? 'failed' : ended, error, ...(missing === undefined ? {} : { missing }) }
      }
    } catch (error) {
      if (error instanceof Over) over = { ended: error.ended, error: error.message }
      else
        over = {
          ended: 'crashed',
          error: error instanceof RangeError ? 'the stack overflowed' : 'the interpreter crashed',
        }
    }
    if (starved && (over.ended === 'failed' || over.ended === 'crashed')) over.ended = 'memory'
    return { ...over, stdout: output.text() }
  }

  return {
    run(job) {
      try {
        return attempt(job)
      } finally {
        restore()
      }
    },
    // Memory never shrinks: one that had to grow much is cheaper made anew than cleared after every job.
    worn: () => bytes().length > image.length + 1024 * page,
  }
}
