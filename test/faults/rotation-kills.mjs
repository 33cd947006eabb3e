// @ts-check
// Kills real browsers with SIGKILL while they rotate the keys of a vault, and opens the same profile again: it must say what it said before, at once, and
// when the rotation has come to its end.

import { cpSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { callPage, killBrowser, letGo, onPage, openBrowser, seededRandom, withDeadline, withProfile } from './kill-browsers.mjs'

/** @typedef {import('./kill-browsers.mjs').Engine} Engine */
/** @typedef {import('./kill-browsers.mjs').KillServer} KillServer */
/** @typedef {import('./rotation-kill-page.ts').Continued} Continued */

const corpus = { conversations: 1000, messages: 20_000 }
/** Kills reach this far over the measured time, so that the end is met too. */
const reach = 1.05

/** @param {{ engine: Engine, server: KillServer, run: number, delayMs: number, template: string }} plan */
async function killOnce({ engine, server, run, delayMs, template }) {
  return withProfile(engine, async (profile) => {
    cpSync(template, profile, { recursive: true, force: true })
    const { context, page } = await openBrowser(engine, profile, server.url)
    let isDone = false
    const began = new Promise((/** @type {(value: void) => void} */ resolve) => {
      server.hear((news) => {
        if (news.run !== run) return
        isDone = news.phase === 'loaded'
        if (news.phase !== 'ready') resolve()
      })
    })
    const rotating = callPage(page, 'rotate', run, true)
    rotating.catch(() => {})
    await withDeadline('unlocking the vault', Promise.race([began, rotating]))
    await Promise.race([sleep(delayMs), rotating])
    await killBrowser(profile)
    await sleep(50)
    server.hear(() => {})
    await letGo(context)
    const found = await onPage(engine, server.url, profile, (reopened) => withDeadline('going on', /** @type {Promise<Continued>} */ (callPage(reopened, 'goOn'))))
    return { ok: true, isDone, found }
  })
}

/**
 * @param {{ engine: Engine, server: KillServer, kills: number, seed: number }} options
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runRotationKills({ engine, server, kills, seed }) {
  const counts = { passed: 0, failed: 0 }
  const random = seededRandom(seed)
  let [during, pending] = [0, 0]
  await withProfile(engine, async (template) => {
    const digest = /** @type {string} */ (await onPage(engine, server.url, template, (page) => withDeadline('making the vault', callPage(page, 'makeVault', { ...corpus, seed }))))
    const ms = await withProfile(engine, async (profile) => {
      cpSync(template, profile, { recursive: true, force: true })
      const took = /** @type {number} */ (await onPage(engine, server.url, profile, (page) => withDeadline('the measured rotation', callPage(page, 'rotate', -1, false))))
      return { ok: true, took }
    }).then(({ took }) => took)
    console.log(`${engine}: an undisturbed rotation of ${corpus.messages} messages takes ${Math.round(ms)} ms`)
    for (let run = 1; run <= kills; run++) {
      const name = `${engine} ${String(run).padStart(2)}/${kills}`
      try {
        const delayMs = ((run - 1 + random()) / kills) * ms * reach
        const { isDone, found } = await killOnce({ engine, server, run, delayMs, template })
        const faults = [...found.faults, ...found.digests.flatMap((said, i) => (said === digest ? [] : [`the vault says something else ${i === 0 ? 'at once' : 'after the rotation'}`]))]
        if (!isDone) during++
        if (found.wasPending) pending++
        console.log(`${name}  killed after ${Math.round(delayMs)} ms, ${isDone ? 'after the rotation' : 'while rotating'}; ${found.wasPending ? `${found.rows} rows were left` : 'nothing was left to do'}; opened in ${Math.round(found.openMs)} ms: ${faults.length === 0 ? 'ok' : 'FAILED'}`)
        for (const fault of faults) console.log(`    ${fault}`)
        counts[faults.length === 0 ? 'passed' : 'failed']++
      } catch (error) {
        counts.failed++
        console.log(`${name}  FAILED:`, error)
      }
    }
    return { ok: counts.failed === 0 }
  })
  console.log(`${engine}: ${kills} kills, ${during} before the end of the rotation, ${pending} left one to be continued`)
  return counts
}
