// The rows of `collection` as tasks. Single operations take turns between the subjects, so that noise meets both alike.

import { seededRandom, shuffled } from '../lib/random.mjs'
import { corpus } from './corpus.ts'
import { DexieNotes } from './subjects/dexie-notes.ts'
import type { Note, NotesSubject } from './subjects/notes-subject.ts'
import { SealedNotes } from './subjects/sealed-notes.ts'

const SEED = 11
const FEW = 30
const MANY = 200
const WARM_UP = 5
const HITS = 20

const makers: Record<string, () => NotesSubject> = { 'sealed-vault': () => new SealedNotes(), dexie: () => new DexieNotes() }
const open = new Map<string, NotesSubject>()

function subjectNamed(name: string): NotesSubject {
  const subject = open.get(name)
  if (subject === undefined) throw new Error(`${name} is not open`)
  return subject
}

let made: Promise<ReadonlyMap<string, Note>> | undefined

/** Each message is a note: its first words are the title, every tenth is pinned. */
function notes(): Promise<ReadonlyMap<string, Note>> {
  made ??= corpus().then((conversations) => {
    const messages = conversations.flatMap((conversation) => conversation.messages)
    return new Map(messages.map(({ id, content, timestamp }, i) => [id, { title: content.slice(0, 40), text: content, pinned: i % 10 === 0, at: timestamp }]))
  })
  return made
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Two words that stand in one note, and that note. */
async function questions(): Promise<readonly { readonly id: string; readonly words: readonly [string, string] }[]> {
  const asked: { id: string; words: readonly [string, string] }[] = []
  for (const [id, { text }] of shuffled([...(await notes())], seededRandom(SEED))) {
    const [a, b] = [...new Set(text.toLowerCase().match(/(?<![\p{L}\p{N}'’])[a-z]{5,}(?![\p{L}\p{N}'’])/gu) ?? [])]
    if (a !== undefined && b !== undefined) asked.push({ id, words: [a, b] })
    if (asked.length === FEW + WARM_UP) break
  }
  return asked
}

type Work = (subject: NotesSubject, turn: number) => Promise<number>

async function workOf(row: string): Promise<{ readonly turns: number; readonly work: Work }> {
  const some = shuffled([...(await notes())], seededRandom(SEED))
  const at = (turn: number): readonly [string, Note] => some[(turn + WARM_UP) % some.length]!
  const asked = await questions()
  const search: Work = async (subject, turn) => {
    const { words } = asked[turn + WARM_UP]!
    return timed(() => subject.search(words, HITS))
  }
  switch (row) {
    case 'put':
      return { turns: MANY, work: async (subject, turn) => timed(() => subject.put(`new ${turn}`, at(turn)[1])) }
    case 'update':
      return { turns: MANY, work: async (subject, turn) => timed(() => subject.update(at(turn)[0], turn % 2 === 0)) }
    case 'get':
      return {
        turns: MANY,
        work: async (subject, turn) => {
          subject.emptyCache()
          return timed(() => subject.get(at(turn)[0]))
        },
      }
    case 'list':
      return { turns: FEW, work: async (subject) => timed(() => subject.pinned()) }
    case 'list-all':
      return { turns: FEW, work: async (subject) => timed(() => subject.titles()) }
    case 'search':
      return { turns: FEW, work: search }
    case 'search-cold':
      return {
        // Every note is opened each time.
        turns: FEW / 3,
        work: async (subject, turn) => {
          subject.emptyCache()
          return search(subject, turn)
        },
      }
    default:
      throw new Error(`there is no row ${row}`)
  }
}

export const collectionTasks = {
  'collection/open': async ({ subject }: { subject: string }): Promise<void> => {
    await notes()
    open.set(subject, makers[subject]!())
    await subjectNamed(subject).open()
  },

  'collection/reopen': async ({ subject }: { subject: string }): Promise<number> => {
    await notes()
    open.set(subject, makers[subject]!())
    return subjectNamed(subject).reopen()
  },

  'collection/put-all': async ({ subject }: { subject: string }): Promise<number> => {
    const all = await notes()
    return timed(() => subjectNamed(subject).putAll(all))
  },

  'collection/settle': ({ subject }: { subject: string }): Promise<void> => subjectNamed(subject).settle(),

  /** Everything that was put must come back, be listed and be found, before anything is timed. */
  'collection/verify': async ({ subject }: { subject: string }): Promise<void> => {
    const store = subjectNamed(subject)
    const [expected, found] = [await notes(), await store.readAll()]
    if (found.size !== expected.size) throw new Error(`${subject} has ${found.size} of ${expected.size} notes`)
    for (const [id, note] of expected) if (JSON.stringify(found.get(id)) !== JSON.stringify(note)) throw new Error(`${subject} gave back another note than was put`)
    const newest = [...expected.values()].sort((a, b) => b.at - a.at).map(({ title }) => title)
    if (JSON.stringify(await store.titles()) !== JSON.stringify(newest)) throw new Error(`${subject} lists other titles`)
    for (const { id, words } of await questions()) if (!(await store.search(words, Infinity)).includes(id)) throw new Error(`${subject} does not find a note by two of its words`)
  },

  'collection/in-turns': async ({ subjects, row }: { subjects: readonly string[]; row: string }): Promise<Record<string, number[]>> => {
    const { turns, work } = await workOf(row)
    const times: Record<string, number[]> = Object.fromEntries(subjects.map((name) => [name, []]))
    for (let turn = -WARM_UP; turn < turns; turn++) {
      for (const name of turn % 2 === 0 ? subjects : [...subjects].reverse()) {
        const time = await work(subjectNamed(name), turn)
        if (turn >= 0) times[name]!.push(time)
      }
    }
    return times
  },

  'collection/read-all': async ({ subject }: { subject: string }): Promise<number> => {
    const store = subjectNamed(subject)
    store.emptyCache()
    return timed(() => store.readAll())
  },

  'collection/close': async ({ subject }: { subject: string }): Promise<void> => {
    await subjectNamed(subject).close()
    open.delete(subject)
  },
}
