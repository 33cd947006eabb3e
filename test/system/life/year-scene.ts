// A year of use, generated: sessions that come, are written in for days or months, and are left. The same seed makes the same year, to the id.

import type { Backend } from '../../../src/stores/backend.js'
import { createMemoryDisk, type MemoryDisk } from '../../../src/stores/memory-disk.js'
import { memoryFactory } from '../../../src/stores/memory.js'
import { SessionLife } from '../../../src/system/life/session-life.js'
import { createCrashingBackend, type CrashingBackend, type CrashPlan } from '../../../src/testing/crashing-backend.js'
import type { UnlockedVault } from '../../../src/vault/unlocked-vault.js'
import type { ConversationInput } from '../../../src/index.js'
import { seededRandom, type Random } from '../../kit/random.js'
import { testBrowser } from '../../kit/tabs.js'

export const DAY = 24 * 60 * 60 * 1000
export const YEAR_BEGAN = Date.UTC(2025, 0, 1)
/** The clock stands at the end of the year. */
export const NOW = YEAR_BEGAN + 365 * DAY
const LONG = 'a long answer '.repeat(6000)

export interface Year {
  readonly disk: MemoryDisk
  readonly activeSessionIds: readonly string[]
  readonly pinned: readonly string[]
}

export interface YearSize {
  readonly sessions: number
  readonly messages: number
}

/** A tab over a disk, with the life of its sessions. */
export interface LifeTab {
  readonly open: UnlockedVault
  readonly life: SessionLife
  readonly crashing: CrashingBackend
}

/** @param wrote called after each write of the tab */
export async function openLife(disk: MemoryDisk, activeSessionIds: readonly string[], plan: CrashPlan = { mode: 'none' }, wrote: () => void = () => {}): Promise<LifeTab> {
  const inner = memoryFactory(disk)
  const open = async (name: string): Promise<Backend> => {
    const backend = await inner.open(name)
    return { ...backend, apply: (batch) => backend.apply(batch).finally(wrote) }
  }
  const crashing = createCrashingBackend({ ...inner, open }, plan)
  const vault = await testBrowser({ disk, backend: () => crashing.factory }).tab({ index: false })
  return { open: vault, life: new SessionLife({ open: vault, now: () => NOW, activeSessionIds: () => activeSessionIds }), crashing }
}

/** Generates a year in a vault of its own: loaded, a part of it in second chat logs, with some sessions pinned and two in use that are as old as any. */
export async function makeYear(seed: number, size: YearSize): Promise<Year> {
  const disk = createMemoryDisk()
  const random = seededRandom(seed)
  const { open, life } = await openLife(disk, [])
  await open.load(conversations(random, size))
  const ids = (await open.sessions.list({ order: 'oldest-activity' })).map(({ id }) => id)
  // The oldest ones are what a rule would take first.
  const activeSessionIds = [ids[3]!, ids[ids.length >> 1]!]
  const pinned = ids.filter((_, i) => i % 50 === 0 || i === 1)
  await life.pins.pin(pinned)
  for (const id of ids.filter((_, i) => i % 25 === 2)) {
    const { createdAt } = (await open.sessions.get(id))!
    const log = await open.chatLogs.create({ sessionId: id, id: `${id}-side` })
    await open.chatLogs.append(log.id, Array.from({ length: 4 }, (_, i) => ({ id: `${id}-side-${i}`, senderId: 'guide', type: 'assistant' as const, content: 'an aside', timestamp: createdAt + i })))
  }
  // Of no session: nobody's to tidy.
  const loose = await open.chatLogs.create({ id: 'loose' })
  await open.chatLogs.append(loose.id, { id: 'loose-1', senderId: 'guide', type: 'system', content: 'kept', timestamp: YEAR_BEGAN })
  await open.checkpoint()
  await open.lock()
  return { disk, activeSessionIds, pinned }
}

function* conversations(random: Random, { sessions, messages }: YearSize): Generator<ConversationInput> {
  // Few sessions have many messages, many have few; together exactly as many as asked for.
  const weights = Array.from({ length: sessions }, () => 0.2 + random.next() ** 3 * 4)
  const sum = weights.reduce((a, b) => a + b, 0)
  let given = 0
  let due = 0
  for (let i = 0; i < sessions; i++) {
    due += (weights[i]! / sum) * messages
    const count = i === sessions - 1 ? messages - given : Math.floor(due) - given
    given += count
    const id = `s${i}`
    const createdAt = YEAR_BEGAN + Math.floor((i / sessions) * 364 * DAY) + random.below(DAY)
    const lasts = random.chance(0.2) ? (NOW - createdAt) * random.next() : random.below(3 * DAY)
    let at = createdAt
    yield {
      session: { id, chatLogId: `${id}-log`, title: `Session ${i}`, createdAt, state: random.chance(0.1) ? 'archived' : random.chance(0.2) ? 'inactive' : 'active', participants: ['ada', 'guide'] },
      messages: Array.from({ length: count }, (_, n) => {
        // Some messages share their time: then order decides.
        if (!random.chance(0.1)) at = Math.min(NOW - 1, at + Math.floor((lasts / Math.max(1, count)) * 2 * random.next()))
        return { id: `${id}-${n}`, senderId: n % 2 === 0 ? 'ada' : 'guide', type: n % 2 === 0 ? ('user' as const) : ('assistant' as const), content: random.chance(0.001) ? LONG : `said ${random.below(1e6)} ${'word '.repeat(random.below(20))}`, timestamp: at }
      }),
    }
  }
}

/** Everything the vault holds of sessions and messages but commits and their times; with pins, without what an undo needs. Equal strings are equal vaults. */
export async function digest(open: UnlockedVault): Promise<string> {
  const sessions = (await open.sessions.list({ order: 'oldest' })).map((session) => ({ ...session, rev: 0, modifiedAt: 0 }))
  const logs: string[] = []
  for await (const { chatLogId, messages } of open.chatLogs.readAll({ longValues: 'defer' })) logs.push(`${chatLogId}: ${messages.map(({ id, timestamp, content }) => `${id} ${timestamp} ${content.length}`).join()}`)
  const preferences = (await open.preferences.list()).filter(({ key }) => key !== 'persistence-system/archived').map(({ key, value }) => [key, value])
  return JSON.stringify([sessions, logs.sort(), preferences])
}

/** How many commits the vault has seen. */
export async function commits(open: UnlockedVault): Promise<number> {
  return (await open.check()).counts.commits
}
