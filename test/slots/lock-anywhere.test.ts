// A lock at any moment of anything: afterwards nothing succeeds, and every promise that was waiting settles.

import { describe, expect, it } from 'vitest'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { seededRandom } from '../kit/random.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { lockedOf, message, outcomeOf } from '../kit/vault-states.js'

/** All of them with `npm run faults -- locks`. */
const MOMENTS = process.env['SEALED_VAULT_FAULTS'] === 'full' ? 100 : 24
const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
/** A lock waits for what is being written for five seconds, more than once. */
const SETTLES_MS = 20_000
const TURN = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** Outcomes that a lock may bring about; whatever else goes wrong is something else. */
const LOCKED = new Set(['resolved', 'locked'])

async function filled() {
  const browser = testBrowser()
  const open = await browser.tab()
  await open.load(Array.from({ length: 30 }, (_, i) => ({ session: { id: `s${i}`, chatLogId: `l${i}` }, messages: Array.from({ length: 40 }, (__, j) => ({ id: `m${j}`, senderId: 'ada', type: 'user' as const, content: `word ${i} night train ${j}`, timestamp: j })) })))
  const archive = new Uint8Array(await new Response((await open.exportArchive({ password: PASSWORD })).stream).arrayBuffer())
  await open.lock()
  return { disk: browser.disk, archive }
}

const WORK: Record<string, (open: UnlockedVault, archive: Uint8Array<ArrayBuffer>) => Promise<unknown>> = {
  write: async (open) => {
    for (let i = 0; ; i++) await open.chatLogs.append('l3', message(`written ${i}`))
  },
  search: async (open) => {
    for (;;) {
      for await (const hit of open.search('night tra*', { limit: 50 })) void hit
      // What is in memory is found without a task: nobody else would have a turn.
      await TURN()
    }
  },
  export: async (open) => {
    for (;;) await new Response((await open.exportArchive({ password: PASSWORD })).stream).arrayBuffer()
  },
  import: async (open, archive) => {
    for (;;) {
      await open.sessions.delete('s1').catch((error: { code?: string }) => {
        if (error.code !== 'not-found') throw error
      })
      await open.importArchive(archive, { password: PASSWORD, restoreDeleted: true })
    }
  },
  rotate: async (open) => {
    for (;;) await open.rotateKeys(PASSWORD)
  },
}

/** Nothing waits for ever. */
async function inTime<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} does not settle`)), SETTLES_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

describe('a lock', () => {
  it(`at ${MOMENTS} moments of unlock, write, search, export, import and rotation ends all of it`, { timeout: 600_000 }, async () => {
    const { disk, archive } = await filled()
    const random = seededRandom(SEED)
    const kinds = ['unlock', ...Object.keys(WORK)]
    const seen = new Map<string, number>()
    for (let moment = 0; moment < MOMENTS; moment++) {
      const kind = kinds[moment % kinds.length]!
      const browser = testBrowser({ disk: disk.snapshot() })
      const locked = await lockedOf(browser)
      const turns = random.below(60)
      if (kind === 'unlock') {
        const unlocking = locked.unlock(PASSWORD)
        const outcome = outcomeOf(unlocking)
        for (let i = 0; i < turns % 12; i++) await TURN()
        locked.lock()
        const said = await outcome
        expect([moment, kind, LOCKED.has(said)]).toEqual([moment, kind, true])
        seen.set(`${kind} ${said}`, (seen.get(`${kind} ${said}`) ?? 0) + 1)
        // It had ended before: then it is open, and locks as ever.
        if (said === 'resolved') await (await unlocking).lock()
        continue
      }
      const open = await locked.unlock(PASSWORD)
      const working = outcomeOf(WORK[kind]!(open, archive))
      const pending = [open.chatLogs.read('l5'), open.sessions.list(), open.check(), open.preferences.set('during', moment), open.searchSessions('s')].map(outcomeOf)
      for (let i = 0; i < turns; i++) await TURN()
      const locking = open.lock()
      const late = [open.preferences.get('during'), open.chatLogs.append('l5', message('too late')), open.exportArchive({ password: PASSWORD })].map(outcomeOf)
      await inTime(`${moment} ${kind}: the lock`, locking)
      const outcomes: string[] = []
      for (const [i, promise] of [working, ...pending].entries()) outcomes.push(await inTime(`${moment} ${kind}: promise ${i}`, promise))
      expect([moment, kind, outcomes.filter((said) => !LOCKED.has(said))]).toEqual([moment, kind, []])
      for (const [i, promise] of late.entries()) await inTime(`${moment} ${kind}: late promise ${i}`, promise)
      for (const call of [() => open.preferences.get('during'), () => open.sessions.list(), () => open.chatLogs.append('l1', message('after')), () => open.search('night').next(), () => open.rotateKeys(PASSWORD)]) await expect(call()).rejects.toMatchObject({ code: 'locked' })
      seen.set(`${kind} ${outcomes[0]}`, (seen.get(`${kind} ${outcomes[0]}`) ?? 0) + 1)
      if (moment % 10 !== 0) continue
      // And nothing of the vault was harmed by it.
      const again = await browser.tab()
      expect(await again.check()).toMatchObject({ ok: true })
      await again.lock()
    }
    // The moments met everything at work.
    for (const kind of Object.keys(WORK)) expect(seen.get(`${kind} locked`)).toBeGreaterThan(MOMENTS / 10)
    expect([...seen.keys()].filter((name) => name.startsWith('unlock')).length).toBeGreaterThan(0)
  })
})
