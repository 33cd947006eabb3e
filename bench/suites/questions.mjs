// @ts-check
// Whether a search finds what answers a person's question, next to MiniSearch on the same questions.

import { lackingQuestions, readQuestions, recallAt } from '../lib/questions.mjs'

const ours = 'sealed-vault'
const oneIndex = 'minisearch'
const indexEach = 'minisearch-per-meeting'
const subjects = [ours, oneIndex, indexEach]
/** Meetings and questions go to the page some at a time: a browser's debugging protocol is no road for 15 MB at once. */
const meetingsAtOnce = 20
const questionsAtOnce = 100
const atLeast = { atLeast: 1, over: [oneIndex, indexEach], words: 'at least that of the better of both' }

/** @template T @param {readonly T[]} items @param {number} count */
const portions = (items, count) => Array.from({ length: Math.ceil(items.length / count) }, (_, index) => items.slice(index * count, (index + 1) * count))

/** @typedef {Record<string, { answers: string[][], ms: number[] }>} Answers by subject, one a question; ids of hits, best first */

/**
 * @param {import('../lib/browser.mjs').Tab['call']} call
 * @param {import('../lib/questions.mjs').QuestionSet['meetings']} meetings
 */
async function openAll(call, meetings) {
  for (const some of portions(meetings, meetingsAtOnce)) await call('questions/meetings', { meetings: some })
  await call('questions/open')
}

/**
 * @param {import('../lib/browser.mjs').Tab['call']} call
 * @param {import('../lib/questions.mjs').Question[]} questions
 * @param {(text: string) => void} tell
 * @returns {Promise<Answers>}
 */
async function askAll(call, questions, tell) {
  /** @type {Answers} */
  const all = Object.fromEntries(subjects.map((subject) => [subject, { answers: [], ms: [] }]))
  for (const [turn, some] of portions(questions, questionsAtOnce).entries()) {
    // One index with a filter takes minutes for all of them.
    if (turn > 0 && turn % 4 === 0) tell(`${turn * questionsAtOnce} of ${questions.length} questions asked`)
    /** @type {Answers} */
    const found = await call('questions/ask', { questions: some.map(({ meeting, text }) => ({ meeting, text })), limit: 10 })
    for (const [subject, { answers, ms }] of Object.entries(found)) {
      all[subject]?.answers.push(...answers)
      all[subject]?.ms.push(...ms)
    }
  }
  return all
}

/** @type {import('../lib/results.mjs').Suite} */
export const suite = {
  name: 'questions',
  subjects,
  against: oneIndex,
  rows: [
    { row: 'recall-at-10', unit: 'share', what: 'questions with a turn that answers them among the first ten hits', aim: atLeast },
    { row: 'recall-at-5', unit: 'share', what: 'the same, among the first five' },
    { row: 'recall-at-1', unit: 'share', what: 'the same, as the first' },
    { row: 'query', unit: 'ms', what: 'ten hits of one question, mean of all of them; ours are whole messages, opened, with snippets' },
  ],
  remarks: [
    'The data are always the meetings of QMSum, whatever --size says; a search is of one meeting, any of its words will do, the best ten come first.',
    `${oneIndex} has all meetings in one index and a filter, ${indexEach} an index a meeting; both have their defaults, and combine words by OR.`,
    'Questions are reduced to letters, digits and apostrophes, for all alike.',
  ],

  lacking: lackingQuestions,

  async measure({ withProfile, report, print }) {
    const { meetings, questions } = readQuestions()
    print(`${questions.length} questions about ${meetings.length} meetings, ${meetings.reduce((sum, { messages }) => sum + messages.length, 0)} turns`)
    const { result } = await withProfile(async ({ call }) => {
      await openAll(call, meetings)
      return askAll(call, questions, print)
    })
    for (const [subject, { answers, ms }] of Object.entries(result)) {
      for (const depth of [10, 5, 1]) report(`recall-at-${depth}`, subject, recallAt(questions, answers, depth))
      report('query', subject, ms.reduce((sum, time) => sum + time, 0) / ms.length)
    }
  },

  async profile({ withProfile, print }) {
    const { meetings, questions } = readQuestions()
    await withProfile(async ({ call, profiler }) => {
      if (profiler === undefined) throw new Error('only Chromium can be profiled')
      await openAll(call, meetings)
      await profiler.start()
      await askAll(call, questions, print)
      print(`query\n${await profiler.stop()}`)
    })
  },
}
