/*
 * What code finds in QuickJS beside the language: a console, timers whose time passes at once, `require` of assert and of
 * standard input. It keeps what it needs of the language before the code runs, and tells afterwards what the code replaced.
 */
;host => {
  // Code may call classes of its own Map or Error.
  const [NObject, NMap, NSet, NString, NError, NDate, NRegExp, NNumber] = [
    Object,
    Map,
    Set,
    String,
    Error,
    Date,
    RegExp,
    Number,
  ]
  const { apply, ownKeys, getOwnPropertyDescriptor, getPrototypeOf } = Reflect
  const { assign, defineProperty, entries, is, keys } = NObject
  const { parse, stringify } = JSON
  const { isArray } = Array
  const method =
    name =>
    (self, ...args) =>
      apply(name, self, args)
  const has = method(NObject.prototype.hasOwnProperty)
  const mapHas = method(NMap.prototype.has)
  const mapGet = method(NMap.prototype.get)
  const setHas = method(NSet.prototype.has)
  const mapSize = method(getOwnPropertyDescriptor(NMap.prototype, 'size').get)
  const setSize = method(getOwnPropertyDescriptor(NSet.prototype, 'size').get)
  const mapEach = method(NMap.prototype.forEach)
  const setEach = method(NSet.prototype.forEach)
  const getTime = method(NDate.prototype.getTime)
  const regexText = method(NRegExp.prototype.toString)
  const join = method(Array.prototype.join)
  const push = method(Array.prototype.push)
  const test = method(NRegExp.prototype.test)

  function shown(value, depth = 0) {
    if (typeof value === 'string') return depth === 0 ? value : stringify(value)
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value === 'function') return `[Function: ${value.name || '(anonymous)'}]`
    if (value === null || typeof value !== 'object') return is(value, -0) ? '-0' : NString(value)
    if (value instanceof NError) return `${value.name}: ${value.message}`
    if (depth > 3) return isArray(value) ? '[Array]' : '[Object]'
    const parts = []
    if (isArray(value)) {
      for (let i = 0; i < value.length && i < 100; i++) push(parts, shown(value[i], depth + 1))
      return parts.length === 0 ? '[]' : `[ ${join(parts, ', ')} ]`
    }
    if (value instanceof NMap) {
      mapEach(value, (item, key) => push(parts, `${shown(key, depth + 1)} => ${shown(item, depth + 1)}`))
      return `Map(${mapSize(value)}) { ${join(parts, ', ')} }`
    }
    if (value instanceof NSet) {
      setEach(value, item => push(parts, shown(item, depth + 1)))
      return `Set(${setSize(value)}) { ${join(parts, ', ')} }`
    }
    for (const key of keys(value)) push(parts, `${key}: ${shown(value[key], depth + 1)}`)
    return parts.length === 0 ? '{}' : `{ ${join(parts, ', ')} }`
  }

  function same(a, b, strict, depth = 0) {
    if (is(a, b)) return true
    if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') {
      // biome-ignore lint/suspicious/noDoubleEquals: the loose comparison of Node's assert
      return !strict && typeof a !== 'object' && typeof b !== 'object' && a == b
    }
    if (depth > 100 || isArray(a) !== isArray(b)) return false
    if (strict && getPrototypeOf(a) !== getPrototypeOf(b)) return false
    if (a instanceof NDate || b instanceof NDate)
      return a instanceof NDate && b instanceof NDate && getTime(a) === getTime(b)
    if (a instanceof NRegExp || b instanceof NRegExp)
      return a instanceof NRegExp && b instanceof NRegExp && regexText(a) === regexText(b)
    if (a instanceof NMap || b instanceof NMap) {
      if (!(a instanceof NMap && b instanceof NMap) || mapSize(a) !== mapSize(b)) return false
      let all = true
      mapEach(a, (value, key) => {
        all &&= mapHas(b, key) && same(value, mapGet(b, key), strict, depth + 1)
      })
      return all
    }
    if (a instanceof NSet || b instanceof NSet) {
      if (!(a instanceof NSet && b instanceof NSet) || setSize(a) !== setSize(b)) return false
      let all = true
      setEach(a, value => {
        let found = setHas(b, value)
        if (!found && typeof value === 'object') setEach(b, other => (found ||= same(value, other, strict, depth + 1)))
        all &&= found
      })
      return all
    }
    const [left, right] = [keys(a), keys(b)]
    if (left.length !== right.length) return false
    for (const key of left) if (!has(b, key) || !same(a[key], b[key], strict, depth + 1)) return false
    return true
  }

  class AssertionError extends NError {
    name = 'AssertionError'
  }
  const fail = (message, otherwise) => {
    if (message instanceof NError) throw message
    throw new AssertionError(message === undefined ? otherwise : NString(message))
  }
  const told = (a, how, b) => `${shown(a, 1)} ${how} ${shown(b, 1)}`
  const assert = (value, message) => value || fail(message, `${shown(value, 1)} is not true`)
  const matches = (error, wanted) =>
    wanted === undefined ||
    (wanted instanceof NRegExp
      ? test(wanted, NString(error))
      : typeof wanted === 'function'
        ? wanted.prototype !== undefined && (error instanceof wanted || wanted === NError)
          ? error instanceof wanted
          : wanted(error) === true
        : keys(wanted).every(key => same(error[key], wanted[key], true)))
  // biome-ignore lint/suspicious/noDoubleEquals: the loose comparison of Node's assert
  const loosely = (a, b) => a == b || is(a, b)
  assign(assert, {
    AssertionError,
    ok: assert,
    fail: message => fail(message, 'failed'),
    equal: (a, b, message) => loosely(a, b) || fail(message, told(a, '!=', b)),
    notEqual: (a, b, message) => !loosely(a, b) || fail(message, told(a, '==', b)),
    strictEqual: (a, b, message) => is(a, b) || fail(message, told(a, '!==', b)),
    notStrictEqual: (a, b, message) => !is(a, b) || fail(message, told(a, '===', b)),
    deepEqual: (a, b, message) => same(a, b, false) || fail(message, told(a, 'is not', b)),
    deepStrictEqual: (a, b, message) => same(a, b, true) || fail(message, told(a, 'is not', b)),
    notDeepEqual: (a, b, message) => !same(a, b, false) || fail(message, told(a, 'is', b)),
    notDeepStrictEqual: (a, b, message) => !same(a, b, true) || fail(message, told(a, 'is', b)),
    match: (text, pattern, message) => test(pattern, text) || fail(message, told(text, 'does not match', pattern)),
    throws(work, wanted, message) {
      try {
        work()
      } catch (error) {
        if (matches(error, typeof wanted === 'string' ? undefined : wanted)) return
        fail(message, `another error was thrown: ${shown(error)}`)
      }
      fail(typeof wanted === 'string' ? wanted : message, 'nothing was thrown')
    },
    doesNotThrow: work => void work(),
    async rejects(work, wanted, message) {
      try {
        await (typeof work === 'function' ? work() : work)
      } catch (error) {
        if (matches(error, wanted)) return
        fail(message, `another error was thrown: ${shown(error)}`)
      }
      fail(message, 'nothing was thrown')
    },
  })
  assert.strict = assign((value, message) => assert(value, message), assert, {
    equal: assert.strictEqual,
    notEqual: assert.notStrictEqual,
    deepEqual: assert.deepStrictEqual,
    notDeepEqual: assert.notDeepStrictEqual,
  })

  let timers = []
  let time = 0
  let last = 0
  const later =
    every =>
    (work, ms = 0, ...args) => {
      const wait = ms > 0 ? NNumber(ms) : 1
      push(timers, { id: ++last, at: time + wait, work, args, every: every ? wait : 0 })
      return last
    }
  const never = id => {
    timers = timers.filter(timer => timer.id !== id)
  }

  const write = (...parts) =>
    host.write(
      `${join(
        parts.map(part => shown(part)),
        ' ',
      )}\n`,
    )
  const known = {
    assert,
    'assert/strict': assert.strict,
    fs: { readFileSync: () => host.stdin },
    util: { isDeepStrictEqual: (a, b) => same(a, b, true), inspect: value => shown(value, 1) },
  }
  const missing = name =>
    assign(new NError(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND', missing: name })
  const module = { exports: {} }
  const own = {
    console: { log: write, info: write, debug: write, warn() {}, error() {}, table: write },
    assert,
    setTimeout: later(false),
    setInterval: later(true),
    setImmediate: work => own.setTimeout(work, 0),
    clearTimeout: never,
    clearInterval: never,
    structuredClone: value => parse(stringify(value)),
    require(name) {
      const found = known[String(name).replace(/^node:/, '')]
      if (!found) throw missing(NString(name))
      return found
    },
    module,
    exports: module.exports,
  }
  for (const [name, value] of entries(own))
    defineProperty(globalThis, name, { value, writable: true, configurable: true })

  /** Functions of the language, with the objects they belong to. */
  const before = []
  const seen = new NSet()
  function note(object, path, depth) {
    if (setHas(seen, object)) return
    seen.add(object)
    for (const key of ownKeys(object)) {
      const { value, get } = getOwnPropertyDescriptor(object, key)
      const name = `${path}${path && '.'}${typeof key === 'symbol' ? NString(key) : key}`
      if (typeof value === 'function' || typeof get === 'function') push(before, { object, key, value, get, name })
      const inner = value !== null && (typeof value === 'object' || typeof value === 'function')
      if (inner && depth < 3 && value !== globalThis && key !== 'exports' && key !== 'module')
        note(value, name, depth + 1)
    }
  }
  note(globalThis, '', 0)
  for (const [name, value] of entries(known)) note(value, name, 1)

  return {
    /** Runs the next timer; false when there is none. */
    tick() {
      let next
      for (const timer of timers) if (next === undefined || timer.at < next.at) next = timer
      if (next === undefined) return false
      host.pass(next.at - time)
      time = next.at
      if (next.every > 0) next.at += next.every
      else never(next.id)
      apply(next.work, undefined, next.args)
      return true
    },
    /** A function of the language that is another one by now. */
    replaced() {
      for (let i = 0; i < before.length; i++) {
        const { object, key, value, get, name } = before[i]
        const now = getOwnPropertyDescriptor(object, key)
        if (now === undefined || now.value !== value || now.get !== get) return name
      }
      return ''
    },
  }
}
