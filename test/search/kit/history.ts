// Random changes to messages and chat logs, made to a vault and to plain Maps: what an index of words could miss, keep or mix up.

import type { MessageInput } from '../../../src/vault/records/messages.js'
import type { UnlockedVault } from '../../../src/vault/unlocked-vault.js'
import type { Records } from '../../../src/vault/vault-records.js'
import type { Random } from '../../kit/random.js'

type Line = Required<Pick<MessageInput, 'content' | 'timestamp' | 'senderId' | 'type'>> & { readonly id: string }

/** Nothing in it is ever changed in place, so a shallow copy is a copy. */
export interface World {
  readonly sessions: ReadonlyMap<string, readonly string[]>
  readonly logs: ReadonlyMap<string, { readonly sessionId?: string; readonly lines: readonly Line[] }>
}

export const emptyWorld: World = { sessions: new Map(), logs: new Map() }

export interface Step {
  readonly what: string
  run(vault: UnlockedVault): Promise<unknown>
  /** What the vault may hold when it was cut short, and at the end what it holds when it was not. */
  outcomes(world: World): readonly World[]
}

/** Few words, so that most stand in many messages and rare ones in one or two; of all kinds of scripts and compounds. */
const WORDS = ['train', 'night', 'the', 'the', 'the', 'Straße', 'naïve', 'camelCaseName', 'snake_case', '東京タワー', '我喜欢中国菜', '학교에서', 'ภาษาไทย', 'שָׁלוֹם', 'λόγος', 'İstanbul', 'v1.2.3', '👍🏽', "don't", 'a-b', 'soup', 'noon', 'nocturne', '2026']
const PEOPLE = ['ada', 'guide', 'bob']

/** Now and then a word nobody used before, also as part of others. */
const drawWord = (random: Random): string => (random.chance(0.1) ? `rare${random.below(300)}` : random.pick(WORDS))

function drawText(random: Random): string {
  if (random.chance(0.03)) return ''
  // Over 64 KiB a content is kept outside of its page; signs, not words, so that it is soon read.
  if (random.chance(0.01)) return `${'='.repeat(70_000)} ${drawWord(random)} ${drawWord(random)}`
  return Array.from({ length: 1 + random.below(9) }, () => drawWord(random)).join(random.pick([' ', ' ', ', ', '\n']))
}

/** Ids are unique in their chat log only: the same ones come in all. */
function drawLines(random: Random, first: number, count: number): Line[] {
  return Array.from({ length: count }, (_, i) => ({ id: `m${first + i}`, senderId: random.pick(PEOPLE), type: random.pick(['user', 'assistant', 'system'] as const), content: drawText(random), timestamp: random.below(60) }))
}

/** A change in one commit: all of it or nothing. */
function whole(what: string, run: (vault: UnlockedVault) => Promise<unknown>, apply: (world: World) => World): Step {
  return { what, run, outcomes: (world) => [world, apply(world)] }
}

export class Histories {
  readonly #random: Random
  #names = 0

  constructor(random: Random) {
    this.#random = random
  }

  draw(world: World): Step {
    const random = this.#random
    const logs = [...world.logs.keys()]
    const written = logs.filter((id) => world.logs.get(id)!.lines.length > 0)
    const kind = random.below(100)
    if (kind < 6 || logs.length === 0) return this.#createSession()
    if (kind < 9) return this.#createLog(world)
    if (kind < 16) return this.#load()
    if (kind < 50 || written.length === 0) return this.#append(random.pick(logs))
    if (kind < 66) return this.#edit(world, random.pick(written))
    if (kind < 70) return this.#stream(world, random.pick(written))
    if (kind < 84) return this.#deleteLine(world, random.pick(written))
    if (kind < 88) return this.#deleteLog(random.pick(logs))
    if (kind < 91 && world.sessions.size > 0) return this.#deleteSession(random.pick([...world.sessions.keys()]))
    return this.#transact(world, random.pick(written))
  }

  #createSession(): Step {
    const id = `session${this.#names++}`
    const participants = PEOPLE.filter(() => this.#random.chance(0.6))
    return whole(`create ${id}`, ({ sessions }) => sessions.create({ id, participants, chatLogId: `${id}-log` }), (world) => addLog({ ...world, sessions: new Map(world.sessions).set(id, participants) }, `${id}-log`, [], id))
  }

  /** Of a session that has one already, or of none. */
  #createLog({ sessions }: World): Step {
    const id = `log${this.#names++}`
    const sessionId = sessions.size > 0 && this.#random.chance(0.5) ? this.#random.pick([...sessions.keys()]) : undefined
    return whole(`create ${id}`, ({ chatLogs }) => chatLogs.create({ id, sessionId }), (world) => addLog(world, id, [], sessionId))
  }

  #load(): Step {
    const loaded = Array.from({ length: 1 + this.#random.below(3) }, () => ({ id: `loaded${this.#names++}`, lines: drawLines(this.#random, 0, this.#random.below(60)) }))
    return {
      what: `load ${loaded.map(({ id, lines }) => `${id}:${lines.length}`).join(' ')}`,
      run: (vault) => vault.load(loaded.map(({ id, lines }) => ({ session: { id, participants: ['ada'], chatLogId: `${id}-log` }, messages: lines }))),
      // Whole conversations, in their order.
      outcomes: (world) => {
        const steps = [world]
        for (const { id, lines } of loaded) steps.push(addLog({ ...steps.at(-1)!, sessions: new Map(steps.at(-1)!.sessions).set(id, ['ada']) }, `${id}-log`, lines, id))
        return steps
      },
    }
  }

  #append(logId: string): Step {
    const lines = drawLines(this.#random, 1000 * this.#names++, this.#random.chance(0.25) ? 2 + this.#random.below(40) : 1)
    return whole(
      `append ${lines.length} to ${logId}`,
      ({ chatLogs }) => (lines.length === 1 ? chatLogs.append(logId, lines[0]!) : chatLogs.append(logId, lines)),
      (world) => withLines(world, logId, (before) => [...before, ...lines]),
    )
  }

  #edit(world: World, logId: string): Step {
    const { id } = this.#random.pick(world.logs.get(logId)!.lines)
    const [drawn] = drawLines(this.#random, 0, 1)
    const patch = this.#random.chance(0.7) ? { content: drawn!.content } : this.#random.chance(0.5) ? { timestamp: drawn!.timestamp } : { senderId: drawn!.senderId, type: drawn!.type }
    return whole(`edit ${id} of ${logId}`, ({ chatLogs }) => chatLogs.update(logId, id, patch), (before) => patched(before, logId, id, patch))
  }

  /** An answer that grows: any of its lengths may be what is left. */
  #stream(world: World, logId: string): Step {
    const { id } = this.#random.pick(world.logs.get(logId)!.lines)
    const words = Array.from({ length: 2 + this.#random.below(5) }, () => drawWord(this.#random))
    const contents = words.map((_, i) => words.slice(0, i + 1).join(' '))
    return {
      what: `stream ${contents.length} into ${id} of ${logId}`,
      run: async (vault) => {
        const updates = contents.map((content) => vault.chatLogs.update(logId, id, { content }))
        // Another commit lets what was gathered go ahead at once.
        await Promise.all([...updates, vault.preferences.set('streamed', this.#names++)])
      },
      outcomes: (before) => [before, ...contents.map((content) => patched(before, logId, id, { content }))],
    }
  }

  #deleteLine(world: World, logId: string): Step {
    const { id } = this.#random.pick(world.logs.get(logId)!.lines)
    return whole(`delete ${id} of ${logId}`, ({ chatLogs }) => chatLogs.deleteMessage(logId, id), (before) => withLines(before, logId, (lines) => lines.filter((line) => line.id !== id)))
  }

  #deleteLog(logId: string): Step {
    return whole(`delete ${logId}`, ({ chatLogs }) => chatLogs.delete(logId), (world) => ({ ...world, logs: new Map([...world.logs].filter(([id]) => id !== logId)) }))
  }

  /** Its chat logs go with it. */
  #deleteSession(sessionId: string): Step {
    return whole(`delete ${sessionId}`, ({ sessions }) => sessions.delete(sessionId), (world) => ({ sessions: new Map([...world.sessions].filter(([id]) => id !== sessionId)), logs: new Map([...world.logs].filter(([, log]) => log.sessionId !== sessionId)) }))
  }

  /** Added, changed and deleted in one commit. */
  #transact(world: World, logId: string): Step {
    const { id } = this.#random.pick(world.logs.get(logId)!.lines)
    const lines = drawLines(this.#random, 1000 * this.#names++, 3)
    const change = async ({ chatLogs }: Records): Promise<void> => {
      await chatLogs.append(logId, lines)
      await chatLogs.update(logId, lines[1]!.id, { content: lines[2]!.content })
      await chatLogs.deleteMessage(logId, id)
    }
    return whole(`transact over ${logId}, without ${id}`, (vault) => vault.transact(change), (before) =>
      withLines(patched(withLines(before, logId, (own) => [...own, ...lines]), logId, lines[1]!.id, { content: lines[2]!.content }), logId, (own) => own.filter((line) => line.id !== id)),
    )
  }
}

function addLog(world: World, id: string, lines: readonly Line[], sessionId: string | undefined): World {
  return { ...world, logs: new Map(world.logs).set(id, { lines, ...(sessionId !== undefined && { sessionId }) }) }
}

function withLines(world: World, logId: string, change: (lines: readonly Line[]) => readonly Line[]): World {
  const log = world.logs.get(logId)!
  return { ...world, logs: new Map(world.logs).set(logId, { ...log, lines: change(log.lines) }) }
}

function patched(world: World, logId: string, id: string, patch: Partial<Line>): World {
  return withLines(world, logId, (lines) => lines.map((line) => (line.id === id ? { ...line, ...patch } : line)))
}
