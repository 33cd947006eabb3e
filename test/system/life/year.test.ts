// A year of generated use: archiving and clean-up do what their previews said, twice changes nothing, and interrupted at every call to the store they continue. A year of 200 sessions
// at a sample of the calls with every test run. `npm run faults -- life` takes a year of 600 sessions and 30,000 messages at every call in every way, and one of 2,000 sessions and 100,000
// messages: archiving and deleting at every call in every way, clean-up at a sample of its calls and after every death.

import { beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../kit/random.js'
import { callsOf, interrupt, leftByEveryDeath, lookAt, MODES, type Interruption } from './interruptions.js'
import { commits, DAY, digest, makeYear, NOW, openLife, type LifeTab, type Year } from './year-scene.js'

const FULL = process.env['SEALED_VAULT_FAULTS'] === 'full'
const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
const [PART, PARTS] = (process.env['SEALED_VAULT_FAULTS_PART'] ?? '1/1').split('/').map(Number) as [number, number]
const LARGE = FULL && process.env['SEALED_VAULT_YEAR'] !== 'quiet'
const SIZE = LARGE ? { sessions: 2000, messages: 100_000 } : FULL ? { sessions: 600, messages: 30_000 } : { sessions: 200, messages: 5000 }
const TIMEOUT = FULL ? 12 * 60 * 60 * 1000 : 240_000
/** Of those that live on, or are played from their beginning, where not all are. */
const SAMPLE = FULL ? 36 : 12

const ARCHIVE = { inactiveForMs: 45 * DAY, keepActive: SIZE.sessions / 20 }
/** Everything at once. What each limit takes by itself is in clean-up.test.ts. */
const CLEAN_UP = { olderThanMs: 270 * DAY, keepPerSession: 3 * (SIZE.messages / SIZE.sessions), keepTotal: SIZE.messages / 2, keepBytes: SIZE.messages * 60, spareActiveWithinMs: 5 * DAY }

let year: Year
let before: string
beforeAll(async () => {
  const started = performance.now()
  year = await makeYear(SEED, SIZE)
  const tab = await openLife(year.disk.snapshot(), year.activeSessionIds)
  before = await digest(tab.open)
  await tab.open.lock()
  if (FULL) console.info(`a year of ${SIZE.sessions} sessions and ${SIZE.messages} messages made in ${since(started)}`)
}, TIMEOUT)

const since = (started: number): string => `${((performance.now() - started) / 1000).toFixed(1)} s`
const fresh = (): Promise<LifeTab> => openLife(year.disk.snapshot(), year.activeSessionIds)
const ofPart = <T>(all: readonly T[]): readonly T[] => (FULL ? all.filter((_, i) => i % PARTS === PART - 1) : all)

/** Every death, by what it leaves. */
async function dieEverywhere(what: string, job: (tab: LifeTab) => Promise<unknown>, look: (next: LifeTab) => Promise<void>): Promise<void> {
  const started = performance.now()
  const { length: calls } = await callsOf(year, job)
  const states = ofPart(await leftByEveryDeath(year, job))
  for (const [i, disk] of states.entries()) {
    await lookAt(disk, year, look).catch((error: unknown) => {
      throw new Error(`${what}: left after write ${i} of this part, seed ${SEED}`, { cause: error })
    })
    if (FULL && i % 20 === 19) console.info(`${what}: ${i + 1} of ${states.length} in ${since(started)}`)
  }
  if (FULL) console.info(`${what}: death at every call of ${calls} leaves ${states.length} different disks, in ${since(started)}`)
}

/** Crashes of every kind: at every call, or at a sample. */
async function interruptAt(which: 'every call' | 'a sample', what: string, job: (tab: LifeTab) => Promise<unknown>, look: (next: LifeTab) => Promise<void>): Promise<void> {
  const started = performance.now()
  const calls = await callsOf(year, job)
  const random = seededRandom(SEED)
  const every = calls.flatMap(({ at }) => MODES.map((mode): Interruption => ({ mode, at })))
  const wanted = ofPart(which === 'every call' && FULL ? every : Array.from({ length: SAMPLE }, (_, i): Interruption => ({ mode: MODES[i % MODES.length]!, at: random.pick(calls).at })))
  let struck = 0
  for (const interruption of wanted) {
    const came = await interrupt(year, interruption, job, look).catch((error: unknown) => {
      throw new Error(`${what}: ${interruption.mode} at call ${interruption.at}, seed ${SEED}`, { cause: error })
    })
    if (came) struck++
  }
  // Looks at the end of the log come by time, so a run may be a call or two shorter than the one that was counted.
  expect(struck).toBeGreaterThanOrEqual(Math.floor(wanted.length * 0.9))
  if (FULL) console.info(`${what}: ${calls.length} calls, ${wanted.length} interruptions in ${MODES.length} ways, ${struck} struck, in ${since(started)}`)
}

describe('archiving over a year', () => {
  it('does what its preview said, changes nothing the second time, and is undone', async () => {
    const { open, life } = await fresh()
    const preview = await life.archiving.preview(ARCHIVE)
    expect(preview.length).toBeGreaterThan(SIZE.sessions / 4)
    const started = performance.now()
    const report = await life.archiving.run(ARCHIVE)
    if (FULL) console.info(`${report.archived.length} sessions archived in ${since(started)}`)
    expect(report).toEqual({ archived: preview, continued: false, undoToken: expect.any(String) as string })
    const states = new Map((await open.sessions.list()).map(({ id, state }) => [id as string, state]))
    const was = new Map((JSON.parse(before) as [{ id: string; state: string }[]])[0].map(({ id, state }) => [id, state]))
    const expected = new Set(preview.map(({ id }) => id))
    for (const [id, state] of was) expect([id, states.get(id)]).toEqual([id, expected.has(id) ? 'archived' : state])
    for (const id of [...year.pinned, ...year.activeSessionIds]) expect(expected.has(id)).toBe(false)

    const done = await commits(open)
    expect(await life.archiving.preview(ARCHIVE)).toEqual([])
    expect(await life.archiving.run(ARCHIVE)).toEqual({ archived: [], continued: false, undoToken: report.undoToken })
    expect(await commits(open)).toBe(done)
    expect((await life.archiving.undo(report.undoToken)).restored).toHaveLength(preview.length)
    expect(await digest(open)).toBe(before)
    await open.lock()
  }, TIMEOUT)

  it('interrupted at any call continues, and is undone whole', async () => {
    const { open, life } = await fresh()
    await life.archiving.run(ARCHIVE)
    const after = await digest(open)
    await open.lock()
    const job = ({ life: cut }: LifeTab): Promise<unknown> => cut.archiving.run(ARCHIVE)
    const look = async (next: LifeTab): Promise<void> => {
      const { undoToken } = await next.life.archiving.run(ARCHIVE)
      expect(await digest(next.open) === after).toBe(true)
      await next.life.archiving.undo(undoToken)
      expect(await digest(next.open) === before).toBe(true)
    }
    await dieEverywhere('archiving', job, look)
    await interruptAt('every call', 'archiving', job, look)
  }, TIMEOUT)

  it('interrupted while it is undone continues', async () => {
    const both = async ({ life: cut }: LifeTab): Promise<void> => {
      await cut.archiving.run(ARCHIVE)
      await cut.archiving.undo()
    }
    await dieEverywhere('undo', both, async (next) => {
      await next.life.archiving.undo()
      expect(await digest(next.open) === before).toBe(true)
    })
  }, TIMEOUT)
})

describe('clean-up over a year', () => {
  it('does what its preview said, and changes nothing the second time', async () => {
    const { open, life } = await fresh()
    const started = performance.now()
    const preview = await life.cleanUp.preview(CLEAN_UP)
    const looked = performance.now()
    const held = new Map((await open.sessions.list()).map(({ id, messageCount }) => [id as string, messageCount]))
    const report = await life.cleanUp.run(CLEAN_UP)
    if (FULL) console.info(`preview of ${preview.total.messages} messages in ${((looked - started) / 1000).toFixed(1)} s, ${report.messages} deleted in ${since(looked)}`)
    expect(report.messages).toBe(preview.messages)
    expect(report.left).toEqual([])
    expect(new Map(report.sessions.map(({ id, messages }) => [id, messages]))).toEqual(new Map(preview.sessions.map(({ id, messages }) => [id, messages])))
    const going = new Map(preview.sessions.map(({ id, messages }) => [id, messages]))
    for (const { id, messageCount } of await open.sessions.list()) expect([id, messageCount]).toEqual([id, held.get(id)! - (going.get(id) ?? 0)])
    for (const id of [...year.pinned, ...year.activeSessionIds]) expect(going.has(id)).toBe(false)
    expect(await open.chatLogs.count('loose')).toBe(1)
    const left = await life.cleanUp.preview(CLEAN_UP)
    expect(left).toMatchObject({ sessions: [], messages: 0, bytes: 0 })
    expect(left.total).toEqual({ messages: preview.total.messages - preview.messages, bytes: preview.total.bytes - preview.bytes })
    expect(left.total.bytes).toBeLessThanOrEqual(CLEAN_UP.keepBytes)

    const done = await commits(open)
    expect(await life.cleanUp.run(CLEAN_UP)).toEqual({ sessions: [], messages: 0, left: [] })
    expect(await commits(open)).toBe(done)
    await open.checkpoint()
    expect(await open.check()).toMatchObject({ ok: true, problems: [] })
    await open.lock()
  }, TIMEOUT)

  it('interrupted at any call continues to the same end', async () => {
    const { open, life } = await fresh()
    await life.cleanUp.run(CLEAN_UP)
    const after = await digest(open)
    await open.lock()
    const job = ({ life: cut }: LifeTab): Promise<unknown> => cut.cleanUp.run(CLEAN_UP)
    const look = async (next: LifeTab): Promise<void> => {
      await next.life.cleanUp.run(CLEAN_UP)
      expect(await digest(next.open) === after).toBe(true)
    }
    await dieEverywhere('clean-up', job, look)
    await interruptAt(LARGE ? 'a sample' : 'every call', 'clean-up', job, look)
  }, TIMEOUT)
})

describe('deleting over a year', () => {
  it('interrupted at any call deletes each session once, with its messages', async () => {
    const ids = Array.from({ length: SIZE.sessions / 4 }, (_, i) => `s${i * 3}`)
    const job = async ({ life: cut }: LifeTab): Promise<void> => {
      await cut.deletes.deleteSessions(ids, { undoMs: DAY })
      await cut.deletes.purgeDue(NOW + DAY)
    }
    const clean = await fresh()
    await job(clean)
    const after = await digest(clean.open)
    expect(await clean.open.sessions.count()).toBe(SIZE.sessions - ids.length)
    await clean.open.lock()
    const look = async (next: LifeTab): Promise<void> => {
      await job(next)
      expect(await digest(next.open) === after).toBe(true)
      expect(await next.life.deletes.purgeDue(NOW + DAY)).toEqual({ deleted: [], kept: [] })
    }
    await dieEverywhere('deleting', job, look)
    await interruptAt('every call', 'deleting', job, look)
  }, TIMEOUT)
})
