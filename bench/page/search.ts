// The rows of `search` as tasks. What is asked and what is true is drawn outside of the page: it holds no texts but those a subject keeps.

import { corpus } from './corpus.ts'
import { longestTask, usedMemory, watchLongTasks } from './measures.ts'
import { DexieKeywords } from './subjects/dexie-keywords.ts'
import { InMemory } from './subjects/minisearch.ts'
import { SearchingVault } from './subjects/searching-vault.ts'
import type { Mode, Place, Query, SearchSubject } from './subjects/search-subject.ts'
import { Sqlite } from './subjects/sqlite.ts'

const LIMIT = 20

const makers: Record<string, () => SearchSubject> = {
  'sealed-vault': () => new SearchingVault(),
  minisearch: () => new InMemory(),
  'dexie-keywords': () => new DexieKeywords(),
  sqlite: () => new Sqlite({ encrypted: false, byRow: false }),
  'sqlite-encrypted': () => new Sqlite({ encrypted: true, byRow: false }),
  'sqlite-encrypted-by-row': () => new Sqlite({ encrypted: true, byRow: true }),
}
let open: SearchSubject | undefined

function subject(): SearchSubject {
  if (open === undefined) throw new Error('no subject is open')
  return open
}

function make(name: string): SearchSubject {
  const made = makers[name]
  if (made === undefined) throw new Error(`there is no subject ${name}`)
  open = made()
  return open
}

/** An answer: how long it took, as the page saw it, and what it was. */
export interface Answer {
  readonly ms: number
  readonly places: readonly Place[]
  /** Whether every snippet shows something that was found. */
  readonly shown: boolean
}

/** What runs up to the next event is one task; a query begins one of its own, as after a key was pressed. */
function newTask(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}

async function answer(query: Query, mode: Mode): Promise<Answer> {
  await newTask()
  const start = performance.now()
  const found = mode === 'ids' ? await subject().places(query, LIMIT) : await subject().search(query, LIMIT)
  const ms = performance.now() - start
  const places = found.map((hit) => (typeof hit === 'object' ? hit.place : hit))
  return { ms, places, shown: found.every((hit) => typeof hit !== 'object' || hit.snippet.highlights.length > 0) }
}

/** Runs work while a channel pings itself without end. @returns the longest time between two of its ticks, in milliseconds */
async function longestGap(work: () => Promise<unknown>): Promise<number> {
  const { port1, port2 } = new MessageChannel()
  let longest = 0
  let last = performance.now()
  port1.onmessage = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    port2.postMessage(undefined)
  }
  port2.postMessage(undefined)
  await work()
  port1.close()
  // A task that was still under way when the work ended counts as well.
  return Math.max(longest, performance.now() - last)
}

export const searchTasks = {
  'search/create': async ({ subject: name }: { subject: string }): Promise<void> => {
    await corpus()
    await make(name).create()
  },

  'search/build': async (): Promise<number> => subject().build(await corpus()),

  /** Bytes of the rows of our index, and of the text it is about, in UTF-8. */
  'search/index': async (): Promise<{ readonly bytes: number; readonly text: number }> => {
    const vault = subject()
    if (!(vault instanceof SearchingVault)) throw new Error('only the vault tells its index from the rest')
    const encoder = new TextEncoder()
    const text = (await corpus()).reduce((sum, { messages }) => sum + messages.reduce((bytes, { content }) => bytes + encoder.encode(content).length, 0), 0)
    return { bytes: await vault.indexBytes(), text }
  },

  'search/reopen': async ({ subject: name }: { subject: string }): Promise<void> => {
    await make(name).reopen()
  },

  /** One after the other; fewer when they take longer than they may, none where the subject has no way to answer. */
  'search/run': async ({ queries, mode, cold, budgetMs }: { queries: readonly Query[]; mode: Mode; cold: boolean; budgetMs: number }): Promise<readonly Answer[]> => {
    const store = subject()
    const answers: Answer[] = []
    if (cold && store.forget === undefined) return answers
    const end = performance.now() + budgetMs
    for (const query of queries) {
      if (!store.can(query, mode)) return []
      if (cold) await store.forget?.()
      answers.push(await answer(query, mode))
      if (performance.now() > end) break
    }
    return answers
  },

  'search/gap': ({ queries }: { queries: readonly Query[] }): Promise<number> =>
    longestGap(async () => {
      for (const query of queries) if (subject().can(query, 'snippets')) await answer(query, 'snippets')
    }),

  /** False where the engine does not tell of long tasks. */
  'search/watch': async (): Promise<boolean> => watchLongTasks(),

  /** Milliseconds of the longest task since the watch began, which ends by this; 0 when none was long. */
  'search/longest-task': longestTask,

  /** Bytes of everything the page and its workers hold; undefined where the engine does not tell. */
  'search/memory': async (): Promise<number | undefined> => {
    const bytes = await usedMemory()
    return bytes && bytes + ((await open?.wasmBytes?.()) ?? 0)
  },

  'search/close': async (): Promise<void> => {
    await subject().close()
    open = undefined
  },
}
