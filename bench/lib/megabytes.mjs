// @ts-check
// Conversations by how much JSON they make, for what is measured in bytes: real ones, and where these are not enough, the same again under fresh ids.

import { makeCorpus, sizes } from './corpus.mjs'

/** @typedef {import('./corpus.mjs').Conversation} Conversation */

/** In millions of bytes of the plain JSON that the vault exports. */
export const megabyteSizes = /** @type {const} */ ([10, 100, 500])

/** What the vault's JSON says of a message beside what it was given, in bytes, near enough. */
const messageExtra = ',"number":10,"rev":100,"modifiedAt":1700000000000'.length + 1
const sessionExtra = 400

/** @param {Conversation} conversation */
function jsonBytes({ messages, ...session }) {
  return messages.reduce((sum, message) => sum + Buffer.byteLength(JSON.stringify(message)) + messageExtra, Buffer.byteLength(JSON.stringify(session)) + sessionExtra)
}

/**
 * Ids stay as long as they are and sort as before.
 * @param {Conversation} conversation @param {number} round @returns {Conversation}
 */
function again({ messages, ...session }, round) {
  if (round === 0) return { ...session, messages }
  const id = `${session.id}~${round}`
  return { ...session, id, messages: messages.map((message) => ({ ...message, id: `${id}${message.id.slice(session.id.length)}` })) }
}

/**
 * About so much; how much it really is the vault tells when it exports.
 * @param {number} megabytes
 * @returns {import('./corpus.mjs').Corpus}
 */
export function makeMegabytes(megabytes) {
  const { from, conversations } = makeCorpus(sizes[2])
  const chosen = []
  let messages = 0
  let round = 0
  for (let bytes = 0; bytes < megabytes * 1e6; round++) {
    for (const conversation of conversations) {
      if (bytes >= megabytes * 1e6) break
      chosen.push(again(conversation, round))
      messages += conversation.messages.length
      bytes += jsonBytes(conversation)
    }
  }
  return { from: round === 1 ? `a part of ${from}` : `${from}, up to ${round} times over under fresh ids`, conversations: chosen, messages }
}
