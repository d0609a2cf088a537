import { readFileSync } from 'node:fs'
import type { QuickJSContext, QuickJSHandle, QuickJSWASMModule } from 'quickjs-emscripten'
import type { Engine, Meter } from './child.ts'
import { bounded, firstInstant, most, type Ran, type WholeJob } from './job.ts'

/** What of WebAssembly's interface is used here; the types of Node leave it to those of browsers. */
declare const WebAssembly: {
  compile(source: Uint8Array): Promise<object>
  instantiate(module: object, imports: object): Promise<object>
}

/** Bytes of the stack of the code; the host's own stack is larger. */
const stackBytes = 256 * 1024

type Failed = { name?: string; message?: string; stack?: string; missing?: string }

/**
 * QuickJS, a new instance of its WebAssembly for every job: compiled once, it takes a few milliseconds and nothing of the
 * job before is in it. Code gets one object of the host: it takes text and lets time pass.
 */
export async function openJavascript(entry: string, meter: Meter): Promise<Engine> {
  const { newQuickJSWASMModuleFromVariant, newVariant, RELEASE_SYNC } = (await import(
    entry
  )) as typeof import('quickjs-emscripten')
  const harness = readFileSync(new URL('./harness.js', import.meta.url), 'utf8')
  const { instantiate } = WebAssembly
  let compiled: object | undefined
  // Time passes by being asked for and by timers: equal jobs see equal times, and random numbers seeded by them.
  let ticks = 0
  Object.assign(Date, { now: () => firstInstant + ++ticks })
  Object.assign(performance, { now: () => ++ticks })
  Object.assign(WebAssembly, {
    async instantiate(source: Uint8Array, imports: object) {
      compiled ??= await WebAssembly.compile(source)
      return { module: compiled, instance: await instantiate(compiled, imports) }
    },
  })
  const fresh = (): Promise<QuickJSWASMModule> => newQuickJSWASMModuleFromVariant(newVariant(RELEASE_SYNC, {}))
  let quickjs = await fresh()

  function attempt({ code, tests, stdin = '', memoryMb }: WholeJob): Ran {
    const output = bounded()
    const runtime = quickjs.newRuntime()
    runtime.setMemoryLimit(memoryMb * 2 ** 20)
    runtime.setMaxStackSize(stackBytes)
    let late = false
    runtime.setInterruptHandler(() => {
      late ||= meter.over()
      return late
    })
    const vm = runtime.newContext()
    const pass = (ms: number): void => {
      ticks += ms
    }
    const own = openHarness(vm, harness, { stdin, write: output.write, pass })
    let failed: Failed | undefined
    const end = (ended: Ran['ended'], error?: string): Ran => ({
      ended,
      ...(error === undefined ? {} : { error: error.slice(0, most.error) }),
      stdout: output.text(),
    })
    function evaluate(text: string, name: string): QuickJSHandle | undefined {
      const result = vm.evalCode(text, name, { type: 'global' })
      if (!result.error) return result.value
      failed = vm.dump(result.error) as Failed
      return undefined
    }
    /** Promises and timers, until nothing is left to do. */
    function drain(): void {
      for (;;) {
        const jobs = runtime.executePendingJobs()
        if (jobs.error) failed ??= jobs.error.context.dump(jobs.error) as Failed
        if (failed) return
        const ticked = vm.callMethod(own, 'tick')
        if (ticked.error) failed = vm.dump(ticked.error) as Failed
        else if (vm.dump(ticked.value) === false) return
      }
    }
    evaluate(code, 'solution.js')
    if (!failed) drain()
    if (!failed && tests !== undefined) {
      // A function of its own: what the tests declare stands beside what the code declared, and they may wait.
      const done = evaluate(`(async () => {${tests}\n})()`, 'tests.js')
      if (!failed) drain()
      if (!failed && done) {
        const state = vm.getPromiseState(done)
        if (state.type === 'rejected') failed = vm.dump(state.error) as Failed
        else if (state.type === 'pending')
          return late ? end('timeout', meter.said()) : end('failed', 'the tests wait for ever')
      }
      if (!failed) {
        const replaced = vm.dump(vm.unwrapResult(vm.callMethod(own, 'replaced')))
        if (replaced !== '') return end('failed', `the solution replaced ${replaced}`)
      }
    }
    if (late) return end('timeout', meter.said())
    if (!failed) return end('ok')
    const { name = 'Error', message = String(failed), stack = '', missing } = failed
    if (/^out of memory/.test(message)) return end('memory', `${name}: ${message}`)
    const line = /(solution|tests)\.js:(\d+)/.exec(stack)
    const where = line
      ? `\nin line ${line[2]} of the ${line[1]}: ${lineOf(line[1] === 'tests' ? tests! : code, Number(line[2]))}`
      : ''
    return { ...end('failed', `${name}: ${message}${where}`), ...(missing ? { missing } : {}) }
  }

  return {
    async run(job) {
      let ran: Ran
      try {
        ran = attempt(job)
      } catch (error) {
        const message = error instanceof RangeError ? 'the stack overflowed' : 'the interpreter crashed'
        ran = { ended: meter.over() ? 'timeout' : 'crashed', error: message, stdout: '' }
      }
      quickjs = await fresh()
      ticks = 0
      return ran
    },
    worn: () => false,
  }
}

const lineOf = (text: string, line: number): string => text.split('\n')[line - 1]?.trim() ?? ''

type Host = { stdin: string; write(text: string): void; pass(ms: number): void }

function openHarness(vm: QuickJSContext, harness: string, { stdin, write, pass }: Host): QuickJSHandle {
  const host = vm.newObject()
  vm.setProp(host, 'stdin', vm.newString(stdin))
  const functions = {
    write: (text: QuickJSHandle) => write(vm.getString(text)),
    pass: (ms: QuickJSHandle) => pass(vm.getNumber(ms)),
  }
  for (const [name, work] of Object.entries(functions)) vm.setProp(host, name, vm.newFunction(name, work))
  const open = vm.unwrapResult(vm.evalCode(harness, 'harness.js'))
  return vm.unwrapResult(vm.callFunction(open, vm.undefined, host))
}
