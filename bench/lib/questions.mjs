// @ts-check
// People's questions about meetings, and which turns of the meeting answer them: QMSum (Zhong et al., 2021).

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { dataFolder, readConversations } from './corpus.mjs'

/**
 * @typedef {{ meeting: string, text: string, relevant: [first: number, last: number][] }} Question `text` as it is searched for; ranges of turns, both ends included
 * @typedef {{ meetings: import('./corpus.mjs').Conversation[], questions: Question[] }} QuestionSet
 */

const meetingsFile = 'qmsum.en.ndjson.gz'
const questionsFile = 'qmsum-queries.en.jsonl.gz'
const firstMeeting = Date.UTC(2024, 0, 1)
const dayMs = 24 * 3600_000

/** @returns {string | undefined} what is not there */
export function lackingQuestions() {
  const folder = dataFolder()
  if (folder === undefined) return 'there is no data folder; SEALED_VAULT_DATA names it'
  const missing = [meetingsFile, questionsFile].filter((name) => !existsSync(join(folder, name)))
  return missing.length === 0 ? undefined : `the data folder has no ${missing.join(' and no ')}`
}

/** @returns {QuestionSet} */
export function readQuestions() {
  const folder = dataFolder()
  if (folder === undefined) throw new Error('there is no data folder')
  const meetings = readConversations(join(folder, meetingsFile)).map(({ id, title, participants, messages }, day) => {
    const createdAt = firstMeeting + day * dayMs
    const turns = messages.map(({ senderId, type, content }, turn) => ({ id: turnId(id, turn), senderId, type, content, timestamp: createdAt + turn * 1000 }))
    return { id, ...(title !== undefined && { title }), participants, createdAt, messages: turns }
  })
  const lines = gunzipSync(readFileSync(join(folder, questionsFile))).toString('utf8').split('\n').filter((line) => line !== '')
  const questions = lines.map((line) => {
    /** @type {{ conversationId: string, query: string, relevant: [number, number][] }} */
    const { conversationId, query, relevant } = JSON.parse(line)
    return { meeting: conversationId, text: plainWords(query), relevant }
  })
  return { meetings, questions }
}

/** @param {string} meeting @param {number} turn */
export function turnId(meeting, turn) {
  return `${meeting}#${String(turn).padStart(5, '0')}`
}

/**
 * A question without the signs that mean something in a query of ours (`-`, `"`, `*`): every subject gets the same words.
 * @param {string} question
 */
export function plainWords(question) {
  return question.replaceAll(/[^\p{L}\p{M}\p{N}'’]+/gu, ' ').trim()
}

/**
 * The share of questions of which one of the first hits lies in a range of turns that answers it.
 * @param {readonly Question[]} questions
 * @param {readonly (readonly string[])[]} answers ids of hits, best first, by question
 * @param {number} depth how many hits are looked at
 */
export function recallAt(questions, answers, depth) {
  const answered = questions.filter(({ meeting, relevant }, index) => {
    const wanted = new Set(relevant.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, offset) => turnId(meeting, first + offset))))
    return answers[index]?.slice(0, depth).some((id) => wanted.has(id))
  })
  return answered.length / questions.length
}
