// Random histories and rules: what is run is what the preview said, and what a count by hand says; nothing the second time; pinned sessions and those in use are untouched, wherever it was cut off.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ArchiveRule } from '../../../src/system/life/archiving.js'
import type { CleanUpRule } from '../../../src/system/life/clean-up-rule.js'
import { sizeOf } from '../../../src/system/life/message-columns.js'
import type { UnlockedVault } from '../../../src/vault/unlocked-vault.js'
import { lifeScene, type Scene } from './small-scene.js'

const RUNS = process.env['SEALED_VAULT_FAULTS'] === 'full' ? 500 : 60
const TIMEOUT = RUNS * 4000
const CLOCK = 1000

interface History {
  /** Of each session: its state, when its messages were, and how many of them lie in a second chat log. */
  readonly sessions: readonly { readonly state: 'active' | 'inactive' | 'archived'; readonly times: readonly number[]; readonly aside: number; readonly role: 'pinned' | 'in use' | 'deleted' | 'none' }[]
}

// Few times, so that many messages share one.
const time = fc.integer({ min: 0, max: 4 }).map((at) => at * 200)
const history: fc.Arbitrary<History> = fc.record({
  sessions: fc.array(
    fc.record({
      state: fc.constantFrom('active' as const, 'active' as const, 'inactive' as const, 'archived' as const),
      times: fc.array(time, { maxLength: 8 }),
      aside: fc.nat(3),
      role: fc.oneof({ weight: 3, arbitrary: fc.constant('none' as const) }, fc.constantFrom('pinned' as const, 'in use' as const, 'deleted' as const)),
    }),
    { minLength: 1, maxLength: 7 },
  ),
})
const sometimes = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, values)
const archiveRule: fc.Arbitrary<ArchiveRule> = fc
  .record({ inactiveForMs: fc.option(fc.nat(CLOCK), { nil: undefined }), keepActive: fc.option(fc.nat(6), { nil: undefined }), states: fc.constantFrom(undefined, ['active'] as const, ['inactive'] as const) })
  .filter(({ inactiveForMs, keepActive }) => inactiveForMs !== undefined || keepActive !== undefined)
const cleanUpRule: fc.Arbitrary<CleanUpRule> = fc
  .record({
    // One or two at a time: of many, one takes what shows the others.
    olderThanMs: sometimes(fc.nat(CLOCK)),
    keepPerSession: sometimes(fc.nat(6)),
    keepTotal: sometimes(fc.nat(25)),
    keepBytes: sometimes(fc.nat(3500)),
    spareActiveWithinMs: sometimes(fc.nat(300)),
  })
  .filter(({ olderThanMs, keepPerSession, keepTotal, keepBytes }) => [olderThanMs, keepPerSession, keepTotal, keepBytes].some((limit) => limit !== undefined))

async function play({ sessions }: History): Promise<Scene> {
  const scene = await lifeScene()
  scene.clock.now = CLOCK
  for (const [i, { state, times, aside, role }] of sessions.entries()) {
    const id = `s${i}`
    await scene.add(id, times.slice(aside), { state, createdAt: times[0] ?? 0 })
    const side = times.slice(0, aside)
    if (side.length > 0) {
      await scene.open.chatLogs.create({ id: `${id}-side`, sessionId: id })
      await scene.open.chatLogs.append(`${id}-side`, side.map((timestamp, n) => ({ id: `${id}-side-${n}`, senderId: 'guide', type: 'assistant' as const, content: 'x'.repeat(timestamp), timestamp })))
    }
    if (role === 'pinned') await scene.life.pins.pin([id])
    if (role === 'in use') scene.active.push(id)
    if (role === 'deleted') await scene.life.deletes.deleteSessions([id], { undoMs: 10_000 })
  }
  return scene
}

async function messagesOf(open: UnlockedVault): Promise<{ id: string; session: string; at: number; bytes: number }[]> {
  const found: { id: string; session: string; at: number; bytes: number }[] = []
  for await (const { chatLogId, messages } of open.chatLogs.readAll()) {
    for (const message of messages) found.push({ id: message.id, session: chatLogId.replace(/-(log|side)$/, ''), at: message.timestamp, bytes: sizeOf(message) })
  }
  return found
}

/** One message after the other, the plain way. */
async function leftByHand({ open }: Scene, { sessions }: History, rule: CleanUpRule): Promise<string[]> {
  const activity = new Map((await open.sessions.list()).map(({ id, lastActivityAt }) => [id as string, lastActivityAt]))
  const isSpared = (session: string): boolean => sessions[Number(session.slice(1))]!.role !== 'none' || CLOCK - activity.get(session)! < (rule.spareActiveWithinMs ?? -1)
  const { olderThanMs = Infinity, keepPerSession = Infinity, keepTotal = Infinity, keepBytes = Infinity } = rule
  let left = await messagesOf(open)
  const oldestFirst = left.filter(({ session }) => !isSpared(session)).map((message, place) => ({ message, place })).sort((a, b) => a.message.at - b.message.at || a.place - b.place)
  for (const { message } of oldestFirst) {
    const tooMany = left.filter(({ session }) => session === message.session).length > keepPerSession
    if (CLOCK - message.at > olderThanMs || tooMany) left = left.filter((other) => other !== message)
  }
  for (const { message } of oldestFirst) {
    const bytes = left.reduce((sum, other) => sum + other.bytes, 0)
    if (left.length > keepTotal || bytes > keepBytes) left = left.filter((other) => other !== message)
  }
  return left.map(({ id }) => id)
}

describe('random histories', () => {
  it('are archived as the preview says', async () => {
    await fc.assert(
      fc.asyncProperty(history, archiveRule, async (given, rule) => {
        const scene = await play(given)
        const { open, life, commits } = scene
        const before = new Map((await open.sessions.list()).map(({ id, state, lastActivityAt }) => [id as string, { state, lastActivityAt }]))
        const pool = [...(await open.sessions.list({ state: rule.states ?? ['active', 'inactive'] }))].filter(({ id }) => given.sessions[Number(id.slice(1))]!.role !== 'deleted')
        const byHand = pool.filter(({ id, lastActivityAt }, place) => given.sessions[Number(id.slice(1))]!.role === 'none' && place >= (rule.keepActive ?? 0) && CLOCK - lastActivityAt >= (rule.inactiveForMs ?? 0)).map(({ id }) => id as string)
        const preview = await life.archiving.preview(rule)
        expect(preview.map(({ id }) => id).sort()).toEqual(byHand.sort())
        const report = await life.archiving.run(rule)
        expect(report.archived).toEqual(preview)
        for (const { id, state } of await open.sessions.list()) expect(state).toBe(byHand.includes(id) ? 'archived' : before.get(id)!.state)
        const done = commits()
        expect(await life.archiving.preview(rule)).toEqual([])
        expect((await life.archiving.run(rule)).archived).toEqual([])
        expect(commits()).toBe(done)
        expect((await life.archiving.undo(report.undoToken)).restored).toHaveLength(byHand.length)
        expect(new Map((await open.sessions.list()).map(({ id, state, lastActivityAt }) => [id as string, { state, lastActivityAt }]))).toEqual(before)
        await open.lock()
      }),
      { numRuns: RUNS },
    )
  }, TIMEOUT)

  it('are cleaned up as the preview says, and as a count by hand does', async () => {
    await fc.assert(
      fc.asyncProperty(history, cleanUpRule, fc.nat(), async (given, rule, cut) => {
        const scene = await play(given)
        const { open, life, commits } = scene
        const expected = await leftByHand(scene, given, rule)
        const all = await messagesOf(open)
        const preview = await life.cleanUp.preview(rule)
        expect(preview.total).toEqual({ messages: all.length, bytes: all.reduce((sum, { bytes }) => sum + bytes, 0) })
        const goes = all.filter(({ id }) => !expected.includes(id))
        expect(preview.messages).toBe(goes.length)
        for (const { id, messages, bytes, oldest, newest } of preview.sessions) {
          const own = goes.filter(({ session }) => session === id)
          expect({ messages, bytes, oldest, newest }).toEqual({ messages: own.length, bytes: own.reduce((sum, message) => sum + message.bytes, 0), oldest: Math.min(...own.map(({ at }) => at)), newest: Math.max(...own.map(({ at }) => at)) })
        }
        // What a run that was cut off may have deleted: any of it but the newest.
        const rest = goes.map((message, place) => ({ ...message, place })).sort((a, b) => a.at - b.at || a.place - b.place).slice(0, -1)
        for (const { id, session } of rest.filter((_, i) => (cut >> (i % 30)) % 2 === 1)) for (const log of ['log', 'side']) if ((await open.chatLogs.get(`${session}-${log}`)) !== undefined) await open.chatLogs.deleteMessages(`${session}-${log}`, [id])
        await life.cleanUp.run(rule)
        expect((await messagesOf(open)).map(({ id }) => id)).toEqual(expected)
        const done = commits()
        expect(await life.cleanUp.run(rule)).toEqual({ sessions: [], messages: 0, left: [] })
        expect(commits()).toBe(done)
        await open.lock()
      }),
      { numRuns: RUNS },
    )
  }, TIMEOUT)
})
