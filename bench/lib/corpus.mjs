// @ts-check
// The conversations a benchmark writes: real dialogues where the data folder is at hand, generated ones elsewhere.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { generateConversations } from './generated.mjs'
import { seededRandom, shuffled } from './random.mjs'

/**
 * @typedef {{ senderId: string, type: 'user' | 'assistant' | 'system', content: string, timestamp?: string }} SourceMessage
 * @typedef {{ id: string, title?: string, participants: string[], messages: SourceMessage[] }} SourceConversation
 * @typedef {{ id: string, senderId: string, type: 'user' | 'assistant' | 'system', content: string, timestamp: number }} Message
 * @typedef {{ id: string, title?: string, participants: string[], createdAt: number, messages: Message[] }} Conversation
 * @typedef {{ from: string, conversations: Conversation[], messages: number }} Corpus
 */

const seed = 20_261
/** The mean of the real data, near enough. */
const generatedMessagesEach = 22
const twoYearsMs = 2 * 365 * 24 * 3600_000

/** Sizes by the value of `--size`; they name about how many messages, the real numbers are printed with the result. */
export const sizes = /** @type {const} */ ([10_000, 100_000, 500_000])

/** @returns {string | undefined} where the real dialogues lie, if they do */
export function dataFolder() {
  const folder = process.env['SEALED_VAULT_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url))
  return existsSync(folder) ? folder : undefined
}

/**
 * @param {string} file
 * @returns {SourceConversation[]}
 */
export function readConversations(file) {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
}

/** @param {readonly { messages: readonly unknown[] }[]} conversations */
const countMessages = (conversations) => conversations.reduce((sum, { messages }) => sum + messages.length, 0)

/**
 * Every message gets a time that rises within its chat: the source's where it has one, else that of a seeded clock.
 * Ids are padded, so that they sort as the messages do: a plain index on the chat then finds the newest without sorting.
 * @param {SourceConversation} source
 * @param {() => number} random
 * @returns {Conversation}
 */
function withClock({ id, title, participants, messages }, random) {
  let now = Date.UTC(2024, 0, 1) + Math.floor(random() * twoYearsMs)
  const timed = messages.map(({ senderId, type, content, timestamp }, index) => {
    const told = timestamp === undefined ? Number.NaN : Date.parse(timestamp)
    const next = now + 1 + Math.floor(random() * 90_000)
    if (Number.isNaN(told)) now = next
    else now = index === 0 ? told : Math.max(told, now + 1)
    return { id: `${id}#${String(index).padStart(5, '0')}`, senderId, type, content, timestamp: now }
  })
  return { id, ...(title !== undefined && { title }), participants, createdAt: timed[0]?.timestamp ?? now, messages: timed }
}

/**
 * Moves messages that share a millisecond by some, so that "the newest" means one order for every subject.
 * @param {Conversation[]} conversations
 */
function apart(conversations) {
  let before = -Infinity
  for (const message of conversations.flatMap(({ messages }) => messages).sort((a, b) => a.timestamp - b.timestamp)) before = message.timestamp = Math.max(message.timestamp, before + 1)
  return conversations
}

/**
 * @param {number} size one of `sizes`
 * @returns {Corpus}
 */
export function makeCorpus(size) {
  const folder = dataFolder()
  const random = seededRandom(seed)
  const { from, sources } = folder === undefined ? generated(size) : fromFolder(folder, size, random)
  const conversations = apart(sources.map((source) => withClock(source, random)))
  return { from, conversations, messages: countMessages(conversations) }
}

/**
 * @param {number} size
 * @returns {{ from: string, sources: SourceConversation[] }}
 */
function generated(size) {
  return { from: 'generated', sources: generateConversations({ seed, conversations: Math.ceil(size / generatedMessagesEach), messages: size }) }
}

/**
 * @param {string} folder
 * @param {number} size
 * @param {() => number} random
 * @returns {{ from: string, sources: SourceConversation[] }}
 */
function fromFolder(folder, size, random) {
  if (size === sizes[0]) return { from: 'topical-chat', sources: readConversations(join(folder, 'topical-chat.en.ndjson.gz')) }
  const files = readdirSync(folder).filter((name) => name.endsWith('.ndjson.gz')).sort()
  const all = shuffled(files.flatMap((name) => readConversations(join(folder, name))), random)
  if (size === sizes[2]) return { from: 'all real dialogues', sources: all }
  const sources = []
  let messages = 0
  for (const conversation of all) {
    if (messages >= size) break
    sources.push(conversation)
    messages += conversation.messages.length
  }
  return { from: 'a seeded mix of real dialogues', sources }
}
