// @ts-check
// Kills real browsers with SIGKILL in the middle of a bulk load and looks at what is left when the same profile is opened
// again.

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { callPage, engineLog, killBrowser, letGo, openBrowser, seededRandom, withDeadline, withProfile } from './kill-browsers.mjs'

/** @typedef {import('./kill-browsers.mjs').Engine} Engine */
/** @typedef {import('./kill-browsers.mjs').KillServer} KillServer */
/** @typedef {import('./kill-page-parts.ts').Told} Told */
/** @typedef {import('./kill-page.ts').Written} Written */
/** @typedef {import('./kill-page.ts').Found} Found */

const corpus = { conversations: 2000, messages: 40_000 }
/** Kills reach this far over the measured time, so that the end of the load and what follows it are met too. */
const reach = 1.1
/** The part of the kills that must come before the load has ended. */
const wantedBefore = 0.75

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
