// @ts-check
// Kills real browsers with SIGKILL while they take over an archive, opens the same profile again and takes it over once more: what comes of it must be
// what an import comes to that nobody disturbed.

import { setTimeout as sleep } from 'node:timers/promises'
import { callPage, killBrowser, letGo, onPage, openBrowser, seededRandom, withDeadline, withProfile } from './kill-browsers.mjs'

/** @typedef {import('./kill-browsers.mjs').Engine} Engine */
/** @typedef {import('./kill-browsers.mjs').KillServer} KillServer */
/** @typedef {import('./import-kill-page.ts').TakenAgain} TakenAgain */

const corpus = { conversations: 2156, messages: 46_903 }

/** @param {{ engine: Engine, server: KillServer, run: number, delayMs: number, digest: string }} plan */
async function killOnce({ engine, server, run, delayMs, digest }) {
  return withProfile(engine, async (profile) => {
    const { context, page } = await openBrowser(engine, profile, server.url)
    let acknowledged = 0
    let isDone = false
    const began = new Promise((/** @type {(value: void) => void} */ resolve) => {
      server.hear((news) => {
        if (news.run !== run) return
        acknowledged = news.conversations
        isDone = news.phase === 'loaded'
        if (news.phase !== 'ready') resolve()
      })
    })
    const importing = callPage(page, 'takeArchive', run, true)
    importing.catch(() => {})
    await withDeadline('creating the vault', Promise.race([began, importing]))
    await Promise.race([sleep(delayMs), importing])
    await killBrowser(profile)
    await sleep(50)
    server.hear(() => {})
    await letGo(context)
    const taken = await onPage(engine, server.url, profile, (reopened) => withDeadline('taking it over again', /** @type {Promise<TakenAgain>} */ (callPage(reopened, 'takeAgain'))))
    const faults = [...taken.faults]
    if (taken.found < acknowledged) faults.push(`LOST: ${acknowledged} messages were acknowledged, ${taken.found} are there`)
    if (taken.digest !== digest) faults.push('what came of it is not what an undisturbed import comes to')
    return { ok: faults.length === 0, faults, acknowledged, isDone, taken }
  })
}

/**
 * @param {{ engine: Engine, server: KillServer, kills: number, seed: number }} options
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runImportKills({ engine, server, kills, seed }) {
  const counts = { passed: 0, failed: 0 }
  const { digest } = await withProfile(engine, async (profile) => ({
    ok: true,
    digest: /** @type {string} */ (await onPage(engine, server.url, profile, (page) => withDeadline('making the archive', callPage(page, 'makeArchive', { ...corpus, seed })))),
  }))
  const { ms, undisturbed } = await withProfile(engine, async (profile) => {
    const took = /** @type {number} */ (await onPage(engine, server.url, profile, (page) => withDeadline('the measured import', callPage(page, 'takeArchive', -1, false))))
    const taken = await onPage(engine, server.url, profile, (page) => withDeadline('taking it over again', /** @type {Promise<TakenAgain>} */ (callPage(page, 'takeAgain'))))
    return { ok: true, ms: took, undisturbed: taken }
  })
  if (undisturbed.digest !== digest || undisturbed.faults.length > 0) throw new Error(`${engine}: already without a kill the vault is not as the archive says: ${JSON.stringify(undisturbed)}`)
  console.log(`${engine}: an undisturbed import of ${corpus.messages} messages takes ${Math.round(ms)} ms`)
  const random = seededRandom(seed)
  let before = 0
  for (let run = 1; run <= kills; run++) {
    const name = `${engine} ${String(run).padStart(2)}/${kills}`
    try {
      const delayMs = ((run - 1 + random()) / kills) * ms * 1.05
      const { ok, faults, acknowledged, isDone, taken } = await killOnce({ engine, server, run, delayMs, digest })
      if (!isDone) before++
      console.log(`${name}  killed after ${Math.round(delayMs)} ms, ${isDone ? 'after the import' : 'while importing'}; acknowledged ${acknowledged}, found ${taken.found}${taken.isUnfinished ? ', told as unfinished' : ''}; opened in ${Math.round(taken.openMs)} ms; the same after taking it over again: ${ok ? 'ok' : 'FAILED'}`)
      for (const fault of faults) console.log(`    ${fault}`)
      counts[ok ? 'passed' : 'failed']++
    } catch (error) {
      counts.failed++
      console.log(`${name}  FAILED:`, error)
    }
  }
  console.log(`${engine}: ${kills} kills, ${before} before the end of the import`)
  return counts
}
