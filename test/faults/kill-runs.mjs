// @ts-check
// Kills real browsers with SIGKILL in the middle of a bulk load and looks at what is left when the same profile is opened
// again. What the page was promised is recorded here, outside of the browser, so that it survives it.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { extname, join, sep } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { chromium, firefox } from 'playwright'
import { build } from 'vite'
import { chromiumLaunchOptions, firefoxLaunchOptions } from '../../scripts/browsers.mjs'

/** @typedef {'chromium' | 'firefox'} Engine */
/** @typedef {import('./kill-page.ts').Told} Told */
/** @typedef {import('./kill-page.ts').Written} Written */
/** @typedef {import('./kill-page.ts').Found} Found */
/** @typedef {import('playwright').BrowserContext} Context */
/** @typedef {import('playwright').Page} Page */

/** @type {readonly Engine[]} */
export const killEngines = ['chromium', 'firefox']

const corpus = { conversations: 2000, messages: 40_000 }
/** Kills reach this far over the measured time, so that the end of the load and what follows it are met too. */
const reach = 1.1
/** The part of the kills that must come before the load has ended. */
const wantedBefore = 0.75
const stepDeadlineMs = 120_000
const deathDeadlineMs = 10_000

/**
 * @template T
 * @param {string} what
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
async function withDeadline(what, work, ms = stepDeadlineMs) {
  const over = new AbortController()
  const late = sleep(ms, undefined, { signal: over.signal }).then(() => {
    throw new Error(`${what} took over ${ms / 1000} s`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    over.abort()
  }
}

// ---- the page and its server ----

/** @typedef {{ url: string, hear: (listener: (told: Told) => void) => void, close: () => Promise<void> }} KillServer */

const types = /** @type {Record<string, string>} */ ({ '.html': 'text/html', '.js': 'text/javascript' })

/** Bundles the page and serves it; what the page tells goes to the listener. @returns {Promise<KillServer>} */
export async function serveKillPage() {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-vault-kill-page-'))
  const root = fileURLToPath(new URL('.', import.meta.url))
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    worker: { format: 'es' },
    build: { outDir: folder, emptyOutDir: true, target: 'es2022', rollupOptions: { input: join(root, 'kill.html') } },
  })
  /** @type {(told: Told) => void} */
  let listener = () => {}
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://page').pathname
    if (request.method === 'POST' && path === '/told') {
      const told = text(request).then((body) => listener(JSON.parse(body)))
      // A browser that died in the middle of it has told nothing.
      told.catch(() => {}).finally(() => response.writeHead(204).end()).catch(() => {})
      return
    }
    const file = join(folder, path)
    try {
      if (!file.startsWith(folder + sep)) throw new Error('outside')
      const bytes = readFileSync(file)
      response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'cache-control': 'no-store' }).end(bytes)
    } catch {
      response.writeHead(404).end()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}/kill.html`,
    hear: (next) => {
      listener = next
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

// ---- browsers, and their processes ----

/**
 * Opens the page in a browser on this profile.
 * @param {Engine} engine
 * @param {string} profile
 * @param {string} url
 * @returns {Promise<{ context: Context, page: Page }>}
 */
async function openBrowser(engine, profile, url) {
  const context =
    engine === 'chromium'
      ? await chromium.launchPersistentContext(profile, chromiumLaunchOptions())
      : await firefox.launchPersistentContext(profile, firefoxLaunchOptions())
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForFunction(() => 'killPage' in globalThis, undefined, { timeout: 30_000 })
  return { context, page }
}

/**
 * @template T
 * @param {Page} page
 * @param {'write' | 'verify'} task
 * @param {...unknown} given
 * @returns {Promise<T>}
 */
function callPage(page, task, ...given) {
  const wanted = { task, given }
  return page.evaluate((call) => /** @type {any} */ (globalThis).killPage[call.task](...call.given), wanted)
}

/** State and parent of a process, or undefined when there is none. @param {number} pid */
function lookAt(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state, parent: Number(parent) }
  } catch {
    return undefined
  }
}

/** @param {number} pid */
function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** The processes that name this profile on their command line, and all that descend from them. @param {string} profile */
function processesOf(profile) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
  const found = new Set(pids.filter((pid) => pid !== process.pid && commandOf(pid).includes(profile)))
  const parents = new Map(pids.map((pid) => [pid, lookAt(pid)?.parent]))
  for (let size = 0; size !== found.size; ) {
    size = found.size
    for (const [pid, parent] of parents) if (parent !== undefined && found.has(parent)) found.add(pid)
  }
  return [...found]
}

/** Ends every process of a profile as `kill -9` does, and resolves when none of them lives. @param {string} profile */
async function killBrowser(profile) {
  const pids = processesOf(profile)
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It went with another one.
    }
  }
  const killedAt = performance.now()
  const lives = (/** @type {number} */ pid) => !['Z', 'X', undefined].includes(lookAt(pid)?.state)
  while (pids.some(lives)) {
    if (performance.now() - killedAt > deathDeadlineMs) throw new Error('a killed browser still runs')
    await sleep(5)
  }
  return { processes: pids.length, killedAt }
}

/** Lets go of a browser that is gone or should go; one that was killed has nothing more to say. @param {Context} context */
async function letGo(context) {
  await Promise.race([context.close().catch(() => {}), sleep(5000, undefined, { ref: false })])
}

/** The number of the log that Chromium's LevelDB writes now, where it is LevelDB. @param {string} profile */
function engineLog(profile) {
  try {
    const folder = join(profile, 'Default', 'IndexedDB')
    const files = readdirSync(folder).filter((name) => name.endsWith('.leveldb')).flatMap((name) => readdirSync(join(folder, name)))
    const numbers = files.filter((name) => /^\d+\.log$/.test(name)).map((name) => Number.parseInt(name, 10))
    return numbers.length === 0 ? undefined : Math.max(...numbers)
  } catch {
    return undefined
  }
}

// ---- runs ----

/** Numbers from 0 to below 1 that repeat with their seed (mulberry32). @param {number} seed */
function seededRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Runs work on a profile of its own. The profile of a run that failed stays, for whoever wants to look into it.
 * @template {{ ok: boolean }} T
 * @param {Engine} engine
 * @param {(profile: string) => Promise<T>} work
 */
async function withProfile(engine, work) {
  const profile = mkdtempSync(join(tmpdir(), `sealed-vault-kill-${engine}-`))
  let ok = false
  try {
    const result = await work(profile)
    ok = result.ok
    return result
  } finally {
    // Whatever went wrong, no browser of ours stays behind.
    await killBrowser(profile)
    if (ok) rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
    else console.log(`  the profile of this run stays at ${profile}`)
  }
}

/** Opens what a browser left behind. @param {Engine} engine @param {string} profile @param {string} url @param {number} seed */
async function reopen(engine, profile, url, seed) {
  const logBefore = engineLog(profile)
  const { context, page } = await openBrowser(engine, profile, url)
  try {
    const found = /** @type {Found} */ (await withDeadline('verifying', callPage(page, 'verify', { ...corpus, seed })))
    return { found, logBefore, logAfter: engineLog(profile) }
  } finally {
    await letGo(context)
  }
}

/** @param {number} ms */
const inMs = (ms) => `${Math.round(ms)} ms`

/** @param {readonly number[]} numbers */
function spread(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]
  return middle === undefined ? 'none' : `${inMs(middle)} (${inMs(/** @type {number} */ (sorted[0]))} to ${inMs(/** @type {number} */ (sorted.at(-1)))})`
}

/**
 * One whole load that nobody disturbs: how long it takes, where its commits are, and how fast a vault unlocks that was locked.
 * @param {Engine} engine
 * @param {KillServer} server
 * @param {number} seed
 */
async function measure(engine, server, seed) {
  return withProfile(engine, async (profile) => {
    const { context, page } = await openBrowser(engine, profile, server.url)
    let written
    try {
      written = /** @type {Written} */ (await withDeadline('the measured load', callPage(page, 'write', { ...corpus, seed }, -1, false)))
    } finally {
      await letGo(context)
    }
    const { found } = await reopen(engine, profile, server.url, seed)
    const ok = found.faults.length === 0 && found.conversations === corpus.conversations && found.appended === written.appended && found.marks === 0
    if (!ok) throw new Error(`${engine}: already without a kill the vault is not as it was written: ${JSON.stringify(found)}`)
    return { ok, written, found }
  })
}

/**
 * One run: load, kill, look.
 * @param {object} plan
 * @param {Engine} plan.engine
 * @param {KillServer} plan.server
 * @param {number} plan.seed
 * @param {number} plan.run
 * @param {number} plan.delayMs after the load began
 * @param {ReadonlySet<number>} plan.boundaries conversations there may be: those of whole commits
 */
async function killOnce({ engine, server, seed, run, delayMs, boundaries }) {
  return withProfile(engine, async (profile) => {
    const { context, page } = await openBrowser(engine, profile, server.url)
    /** @type {Told} */
    let told = { run, phase: 'ready', conversations: 0, appended: 0 }
    let loaded = false
    /** How long the whole load would take or took, as far as its commits tell. @type {number | undefined} */
    let wholeMs
    let startedAt = 0
    const began = new Promise((/** @type {(value: void) => void} */ resolve) => {
      server.hear((news) => {
        if (news.run !== run) return
        const progress = news.conversations / corpus.conversations
        if (progress > told.conversations / corpus.conversations && progress > 0.25) wholeMs = (performance.now() - startedAt) / progress
        loaded ||= news.phase === 'loaded'
        told = news
        if (startedAt === 0 && news.phase !== 'ready') {
          startedAt = performance.now()
          resolve()
        }
      })
    })
    // It never ends by itself: either it fails, or its browser dies.
    const writing = callPage(page, 'write', { ...corpus, seed }, run, true).then(() => {
      throw new Error('the page stopped writing')
    })
    writing.catch(() => {})
    await withDeadline('creating the vault', Promise.race([began, writing]))
    await Promise.race([sleep(Math.max(0, delayMs - (performance.now() - startedAt))), writing])
    const { processes, killedAt } = await killBrowser(profile)
    // What had left the browser when it died was told; give it the moment to be read.
    await sleep(50)
    server.hear(() => {})
    await letGo(context)
    const acknowledged = told

    // An engine that takes its database for corrupt begins a new one, and nothing of what it saw is left.
    if (engine === 'chromium') cpSync(join(profile, 'Default', 'IndexedDB'), join(profile, 'killed'), { recursive: true })
    const { found, logBefore, logAfter } = await reopen(engine, profile, server.url, seed)
    const faults = [...found.faults]
    if (found.conversations < acknowledged.conversations) faults.push(`LOST: ${acknowledged.conversations} conversations were acknowledged, ${found.conversations} are there`)
    if (found.appended < acknowledged.appended) faults.push(`LOST: ${acknowledged.appended} appends were acknowledged, ${found.appended} are there`)
    if (!boundaries.has(found.conversations)) faults.push(`HALF: ${found.conversations} conversations are there, which is no whole number of commits`)
    if (found.marks === 0) faults.push('the database does not know that a tab has died')
    const ok = faults.length === 0
    return { ok, faults, acknowledged, found, processes, delayMs: killedAt - startedAt, loaded, wholeMs, logBefore, logAfter }
  })
}

/**
 * Measures a load, then kills that many of them. Prints a line for each.
 * @param {{ engine: Engine, server: KillServer, kills: number, seed: number }} options
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runKills({ engine, server, kills, seed }) {
  const counts = { passed: 0, failed: 0 }
  const { written, found: undisturbed } = await measure(engine, server, seed)
  let loadMs = written.loadMs
  const boundaries = new Set([0, ...written.commits])
  console.log(`${engine}: an undisturbed load of ${corpus.messages} messages takes ${inMs(loadMs)} in ${boundaries.size - 1} commits, beside ${written.appended} single appends; unlocking afterwards ${inMs(undisturbed.unlockMs)}`)

  const random = seededRandom(seed)
  const planned = Array.from({ length: kills }, (_, i) => ((i + random()) / kills) * reach)
  const wanted = Math.ceil(kills * wantedBefore)
  const unlocks = []
  let before = 0
  let rolled = 0
  let run = 0
  while (true) {
    // Further runs make up for kills that came too late.
    if (run >= kills && (before >= wanted || run >= 2 * kills)) break
    const part = planned[run] ?? 0.05 + 0.65 * random()
    run++
    const name = `${engine} ${String(run).padStart(2)}/${kills}`
    try {
      const result = await killOnce({ engine, server, seed, run, delayMs: part * loadMs, boundaries })
      const { acknowledged, found, loaded, wholeMs, logBefore, logAfter } = result
      if (!loaded) before++
      // Other work on the machine slows loads down and speeds them up again: the moments follow.
      if (wholeMs !== undefined) loadMs = (loadMs + wholeMs) / 2
      unlocks.push(found.unlockMs)
      if (logBefore !== undefined && logAfter !== undefined && logAfter > logBefore) rolled++
      const log = logBefore === undefined ? '' : `, engine log ${logBefore} -> ${logAfter}`
      console.log(
        `${name}  killed ${result.processes} processes after ${inMs(result.delayMs)}, ${loaded ? 'after the load' : 'while loading'}; ` +
          `acknowledged ${acknowledged.conversations} + ${acknowledged.appended}, found ${found.conversations} + ${found.appended}, ` +
          `${found.leftOvers} left-overs; opened in ${inMs(found.openMs)}, unlocked in ${inMs(found.unlockMs)}, marks ${found.marks}${log}: ${result.ok ? 'ok' : 'FAILED'}`,
      )
      for (const fault of result.faults) console.log(`    ${fault}`)
      counts[result.ok ? 'passed' : 'failed']++
    } catch (error) {
      counts.failed++
      console.log(`${name}  FAILED:`, error)
    }
  }
  if (before < wanted) {
    counts.failed++
    console.log(`${engine}: only ${before} of ${run} kills came before the end of the load, ${wanted} were wanted`)
  }
  console.log(`${engine}: ${run} kills, ${before} before the end of the load; first unlock after a kill ${spread(unlocks)}${rolled > 0 ? `; the engine's log was renewed ${rolled} times` : ''}`)
  return counts
}
