// @ts-check
// Real browsers that are to be killed: a page and its server, profiles, processes. What the page was promised is recorded here, outside of
// the browser, so that it survives it.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { extname, join, sep } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { chromium, firefox } from 'playwright'
import { build } from 'vite'
import { chromiumLaunchOptions, firefoxLaunchOptions } from '../../scripts/browsers.mjs'

/** @typedef {'chromium' | 'firefox'} Engine */
/** @typedef {import('./kill-page-parts.ts').Told} Told */
/** @typedef {import('playwright').BrowserContext} Context */
/** @typedef {import('playwright').Page} Page */

/** @type {readonly Engine[]} */
export const killEngines = ['chromium', 'firefox']

const stepDeadlineMs = 120_000
const deathDeadlineMs = 10_000

/**
 * @template T
 * @param {string} what
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withDeadline(what, work, ms = stepDeadlineMs) {
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
  /** @type {Uint8Array} */
  let archive = new Uint8Array(0)
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://page').pathname
    if (path === '/archive') {
      // A file that outlives the browser it was made in.
      if (request.method === 'GET') response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(archive)
      else
        buffer(request).then(
          (bytes) => {
            archive = bytes
            response.writeHead(204).end()
          },
          () => response.writeHead(500).end(),
        )
      return
    }
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
export async function openBrowser(engine, profile, url) {
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
 * @param {'write' | 'verify' | 'makeArchive' | 'takeArchive' | 'takeAgain' | 'makeVault' | 'rotate' | 'goOn'} task
 * @param {...unknown} given
 * @returns {Promise<T>}
 */
export function callPage(page, task, ...given) {
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
export async function killBrowser(profile) {
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
export async function letGo(context) {
  await Promise.race([context.close().catch(() => {}), sleep(5000, undefined, { ref: false })])
}

/**
 * Runs work on a page of this profile; the browser is closed as it should be afterwards.
 * @template T @param {Engine} engine @param {string} url @param {string} profile @param {(page: Page) => Promise<T>} work
 */
export async function onPage(engine, url, profile, work) {
  const { context, page } = await openBrowser(engine, profile, url)
  try {
    return await work(page)
  } finally {
    await letGo(context)
  }
}

/** The number of the log that Chromium's LevelDB writes now, where it is LevelDB. @param {string} profile */
export function engineLog(profile) {
  try {
    const folder = join(profile, 'Default', 'IndexedDB')
    const files = readdirSync(folder).filter((name) => name.endsWith('.leveldb')).flatMap((name) => readdirSync(join(folder, name)))
    const numbers = files.filter((name) => /^\d+\.log$/.test(name)).map((name) => Number.parseInt(name, 10))
    return numbers.length === 0 ? undefined : Math.max(...numbers)
  } catch {
    return undefined
  }
}

/** Numbers from 0 to below 1 that repeat with their seed (mulberry32). @param {number} seed */
export function seededRandom(seed) {
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
export async function withProfile(engine, work) {
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
