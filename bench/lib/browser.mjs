// @ts-check
// Starts a browser on a fresh profile, and knows where that profile keeps what pages store.

import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, firefox } from 'playwright'
import { chromiumLaunchOptions, findBrowser, firefoxLaunchOptions } from '../../scripts/browsers.mjs'
import { CpuProfiler } from './cpu-profile.mjs'

/** @typedef {'chromium' | 'firefox'} Engine */

/** @type {readonly Engine[]} */
export const engines = ['chromium', 'firefox']

/** What pages store: databases, private files, local storage. @type {Record<Engine, string[]>} */
const storageFolders = {
  chromium: ['Default/IndexedDB', 'Default/File System', 'Default/Local Storage'],
  firefox: ['storage/default'],
}

/** A measurement of memory would otherwise wait for the next collection of garbage, which may take most of a minute. */
function measuringOptions() {
  const options = chromiumLaunchOptions()
  return { ...options, args: [...options.args, '--enable-blink-features=ForceEagerMeasureMemory'] }
}

/**
 * Bytes the file system gives to a folder, as `du` counts them.
 * @param {string} path
 * @returns {number}
 */
function allocatedBytes(path) {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return 0
  const own = stat.blocks * 512
  if (!stat.isDirectory()) return own
  return readdirSync(path).reduce((sum, name) => sum + allocatedBytes(join(path, name)), own)
}

/**
 * @typedef {object} Tab
 * @property {<T>(task: string, input?: object) => Promise<T>} call runs a task of the page
 * @property {() => Promise<void>} reload a new page in place of this one, on the same profile
 * @property {CpuProfiler | undefined} profiler only Chromium has one
 * @property {() => Promise<number | undefined>} threadMs what the page's main thread has worked, whatever else the machine did; only Chromium tells
 */

/**
 * Runs work in a browser on a profile of its own; afterwards the browser is closed.
 * @template T
 * @param {{ engine: Engine, url: string, folder: string }} where the page, and the folder its bundle is in
 * @param {(tab: Tab) => Promise<T>} work
 * @returns {Promise<{ result: T, diskBytes: number }>} with what the profile's storage takes after the browser has closed
 */
export async function withFreshProfile({ engine, url, folder: bundle }, work) {
  if (findBrowser(engine) === undefined) throw new Error(`no ${engine} on this machine; name one by ${engine.toUpperCase()}_PATH`)
  const folder = mkdtempSync(join(tmpdir(), 'sealed-vault-bench-profile-'))
  try {
    const context =
      engine === 'chromium'
        ? await chromium.launchPersistentContext(folder, measuringOptions())
        : await firefox.launchPersistentContext(folder, firefoxLaunchOptions())
    let result
    try {
      const page = await context.newPage()
      const reload = async () => {
        await page.goto(url)
        // A page whose script failed to load would else be waited for in vain.
        await page.waitForFunction(() => 'runTask' in globalThis, undefined, { timeout: 30_000 })
      }
      await reload()
      const session = engine === 'chromium' ? await context.newCDPSession(page) : undefined
      const profiler = session && new CpuProfiler(session, bundle)
      await session?.send('Performance.enable')
      const threadMs = async () => {
        const seconds = (await session?.send('Performance.getMetrics'))?.metrics.find(({ name }) => name === 'ThreadTime')?.value
        return seconds && seconds * 1000
      }
      /** @type {Tab['call']} */
      const call = (task, input = {}) => page.evaluate(({ name, given }) => /** @type {any} */ (globalThis).runTask(name, given), { name: task, given: input })
      result = await work({ call, reload, profiler, threadMs })
    } finally {
      await context.close()
    }
    return { result, diskBytes: storageFolders[engine].reduce((sum, name) => sum + allocatedBytes(join(folder, name)), 0) }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }
}
