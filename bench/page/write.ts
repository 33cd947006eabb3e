// The rows of `write` as tasks. Rows of single operations take turns between the subjects, so that noise meets both alike.

import { seededRandom, shuffled } from '../lib/random.mjs'
import { corpus, digestOf, digestOfCorpus, type Conversation, type StoredMessage } from './corpus.ts'
import { PlainIdb } from './subjects/idb.ts'
import { SealedVault } from './subjects/sealed-vault.ts'
import type { NewMessage, WriteSubject } from './subjects/subject.ts'

const SEED = 7
const NEWEST = 50
const OPENS = 200
const APPENDS = 300
const BURSTS = 40
const BURST = 10
const WARM_UP = 20

type Times = Record<string, number[]>

const makers: Record<string, () => WriteSubject> = {
  'sealed-vault': () => new SealedVault(true),
  'sealed-vault-unindexed': () => new SealedVault(false),
  idb: () => new PlainIdb(),
}
const open = new Map<string, WriteSubject>()

function subjectNamed(name: string): WriteSubject {
  const subject = open.get(name)
  if (subject === undefined) throw new Error(`${name} is not open`)
  return subject
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** The same operation by one subject after the other, who is first changing with every turn. */
async function inTurns(subjects: readonly string[], turns: number, warmUp: number, work: (subject: WriteSubject, turn: number) => Promise<number>): Promise<Times> {
  const times: Times = Object.fromEntries(subjects.map((name) => [name, []]))
  for (let turn = -warmUp; turn < turns; turn++) {
    const order = turn % 2 === 0 ? subjects : [...subjects].reverse()
    for (const name of order) {
      const time = await work(subjectNamed(name), turn)
      if (turn >= 0) times[name]!.push(time)
    }
  }
  return times
}

async function somePicks(count: number): Promise<readonly Conversation[]> {
  const all = (await corpus()).filter(({ messages }) => messages.length > 0)
  return shuffled(all, seededRandom(SEED)).slice(0, count)
}

/** The messages to append are real ones, cut from other chats. */
async function someMessages(count: number): Promise<{ readonly chatLogId: string; readonly message: NewMessage }[]> {
  const picks = await somePicks(2 * count)
  return Array.from({ length: count }, (_, i) => {
    const { messages } = picks[(2 * i + 1) % picks.length]!
    const { id: _id, ...message } = messages[messages.length >> 1]!
    return { chatLogId: picks[(2 * i) % picks.length]!.id, message }
  })
}

function essence(messages: readonly StoredMessage[]): string {
  return JSON.stringify(messages.map(({ id, chatLogId, senderId, type, content, timestamp }) => [id, chatLogId, senderId, type, content, timestamp]))
}

export const writeTasks = {
  'write/open': async ({ subject }: { subject: string }): Promise<void> => {
    await corpus()
    const made = makers[subject]
    if (made === undefined) throw new Error(`there is no subject ${subject}`)
    open.set(subject, made())
    await subjectNamed(subject).open()
  },

  'write/bulk': async ({ subject }: { subject: string }): Promise<number> => {
    const conversations = await corpus()
    return timed(() => subjectNamed(subject).load(conversations))
  },

  'write/settle': ({ subject }: { subject: string }): Promise<number> => timed(() => subjectNamed(subject).settle()),

  /** Milliseconds until the index has merged what the load brought; bytes of its rows; and of the text it is about, in UTF-8. */
  'write/index': async ({ subject }: { subject: string }): Promise<{ readonly ms: number; readonly bytes: number; readonly text: number }> => {
    const vault = subjectNamed(subject)
    if (!(vault instanceof SealedVault)) throw new Error(`${subject} has no index`)
    const ms = await vault.timeToRest()
    const encoder = new TextEncoder()
    const text = (await corpus()).reduce((sum, { messages }) => sum + messages.reduce((bytes, { content }) => bytes + encoder.encode(content).length, 0), 0)
    return { ms, bytes: await vault.indexBytes(), text }
  },

  /** Everything that was written must come back, before any reading is timed. */
  'write/verify': async ({ subject }: { subject: string }): Promise<void> => {
    const expected = digestOfCorpus(await corpus())
    const found = digestOf(await subjectNamed(subject).readAll())
    if (found !== expected) throw new Error(`${subject} gave back ${found} where ${expected} were written`)
  },

  'write/read-all': async ({ subject }: { subject: string }): Promise<number> => {
    const store = subjectNamed(subject)
    store.emptyCache()
    return timed(() => store.readAll())
  },

  'write/open-chats': async ({ subjects }: { subjects: readonly string[] }): Promise<Times> => {
    const picks = await somePicks(OPENS)
    for (const { id, messages } of picks) {
      const expected = essence(messages.slice(-NEWEST).map((message) => ({ ...message, chatLogId: id })))
      for (const name of subjects) {
        const found = essence(await subjectNamed(name).newest(id, NEWEST))
        if (found !== expected) throw new Error(`${name} opened ${id} with other messages than were written`)
      }
    }
    return inTurns(subjects, picks.length, 0, (subject, turn) => {
      subject.emptyCache()
      return timed(() => subject.newest(picks[turn]!.id, NEWEST))
    })
  },

  'write/append': async ({ subjects }: { subjects: readonly string[] }): Promise<Times> => {
    const picks = await someMessages(APPENDS + WARM_UP)
    return inTurns(subjects, APPENDS, WARM_UP, (subject, turn) => {
      const { chatLogId, message } = picks[turn + WARM_UP]!
      return timed(() => subject.append(chatLogId, message))
    })
  },

  /** Milliseconds a message. */
  'write/burst': async ({ subjects }: { subjects: readonly string[] }): Promise<Times> => {
    const picks = await someMessages((BURSTS + 2) * BURST)
    return inTurns(subjects, BURSTS, 2, async (subject, turn) => {
      const burst = picks.slice((turn + 2) * BURST, (turn + 3) * BURST)
      const { chatLogId } = burst[0]!
      return (await timed(() => Promise.all(burst.map(({ message }) => subject.append(chatLogId, message))))) / BURST
    })
  },

  'write/close': async ({ subject }: { subject: string }): Promise<void> => {
    await subjectNamed(subject).close()
    open.delete(subject)
  },
}
