// The rows of `questions` as tasks: every subject has the same turns of the same meetings, and is asked the same words.

import MiniSearch from 'minisearch'
import { openVault, type UnlockedVault } from 'sealed-vault'
import type { Conversation } from './corpus.ts'

interface Question {
  readonly meeting: string
  readonly text: string
}

interface Answers {
  /** Ids of the hits, best first, by question. */
  readonly answers: string[][]
  /** By question. */
  readonly ms: number[]
}

/** Gives the ids of the best hits in one meeting. */
type Answerer = (question: Question, limit: number) => Promise<string[]> | string[]

const meetings: Conversation[] = []
const subjects = new Map<string, Answerer>()

async function loadedVault(): Promise<UnlockedVault> {
  const closed = await openVault({ name: 'questions' })
  if (closed.state !== 'empty') throw new Error(`a fresh profile has a vault that is ${closed.state}`)
  const vault = await closed.create('correct horse battery staple')
  const report = await vault.load(meetings.map(({ messages, ...session }) => ({ session: { ...session, chatLogId: session.id }, messages })))
  if (report.loaded !== meetings.length) throw new Error(`the load took ${report.loaded} of ${meetings.length} meetings: ${report.refused[0]?.error.message}`)
  await vault.checkpoint()
  // Resolves when the index has everything, so that no question falls into its making.
  await vault.rebuildIndex()
  return vault
}

async function answererOfVault(): Promise<Answerer> {
  const vault = await loadedVault()
  return async ({ meeting, text }, limit) => {
    const ids: string[] = []
    for await (const { message } of vault.search(text, { sessionIds: [meeting], match: 'any', order: 'relevance', limit })) ids.push(message.id)
    return ids
  }
}

function newMiniSearch(): MiniSearch {
  return new MiniSearch({ fields: ['content'], storeFields: ['meeting'], searchOptions: { combineWith: 'OR' } })
}

function turnsOf({ id: meeting, messages }: Conversation): { readonly id: string; readonly meeting: string; readonly content: string }[] {
  return messages.map(({ id, content }) => ({ id, meeting, content }))
}

/** One index over all meetings. */
function answererOfOneIndex(): Answerer {
  const index = newMiniSearch()
  for (const meeting of meetings) index.addAll(turnsOf(meeting))
  return ({ meeting, text }, limit) =>
    index
      .search(text, { filter: (result) => result['meeting'] === meeting })
      .slice(0, limit)
      .map(({ id }) => id as string)
}

/** An index a meeting, as an app might keep that only ever searches in one. */
function answererOfIndexEach(): Answerer {
  const indexes = new Map<string, MiniSearch>()
  for (const meeting of meetings) {
    const index = newMiniSearch()
    index.addAll(turnsOf(meeting))
    indexes.set(meeting.id, index)
  }
  return ({ meeting, text }, limit) => {
    const index = indexes.get(meeting)
    if (index === undefined) throw new Error(`there is no meeting ${meeting}`)
    return index
      .search(text)
      .slice(0, limit)
      .map(({ id }) => id as string)
  }
}

export const questionTasks = {
  /** Adds to the meetings. */
  'questions/meetings': async ({ meetings: more }: { meetings: readonly Conversation[] }): Promise<void> => {
    meetings.push(...more)
  },

  'questions/open': async (): Promise<void> => {
    subjects.set('sealed-vault', await answererOfVault())
    subjects.set('minisearch', answererOfOneIndex())
    subjects.set('minisearch-per-meeting', answererOfIndexEach())
  },

  /** Subjects answer in turns, so that noise meets all alike. */
  'questions/ask': async ({ questions, limit }: { questions: readonly Question[]; limit: number }): Promise<Record<string, Answers>> => {
    const found: Record<string, Answers> = Object.fromEntries([...subjects.keys()].map((name) => [name, { answers: [], ms: [] }]))
    for (const [turn, question] of questions.entries()) {
      const order = turn % 2 === 0 ? [...subjects] : [...subjects].reverse()
      for (const [name, answer] of order) {
        const start = performance.now()
        const ids = await answer(question, limit)
        found[name]!.ms.push(performance.now() - start)
        found[name]!.answers.push(ids)
      }
    }
    return found
  },
}
