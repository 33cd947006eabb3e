// The conversations the page is tried with: real ones where they are at hand, else generated ones of the same size.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { type CorpusConversation, generateConversations } from '../../kit/corpus.js'

export interface CorpusFile {
  readonly path: string
  readonly conversations: readonly CorpusConversation[]
}

const dataFolder = (): string => process.env['SEALED_VAULT_DATA'] ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url))

function readConversations(path: string): CorpusConversation[] {
  const lines = gunzipSync(readFileSync(path)).toString('utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as CorpusConversation)
}

/** The corpus in the folder SEALED_VAULT_DATA names, or in a folder of data beside the repository; else one made in `folder`. */
export function findCorpus(folder: string): CorpusFile {
  const real = join(dataFolder(), 'topical-chat.en.ndjson.gz')
  if (existsSync(real)) return { path: real, conversations: readConversations(real) }
  const conversations = [...generateConversations({ seed: 2156, conversations: 2156, messages: 46_903 })]
  const path = join(folder, 'generated.en.ndjson.gz')
  writeFileSync(path, gzipSync(conversations.map((conversation) => `${JSON.stringify(conversation)}\n`).join('')))
  return { path, conversations }
}

/** A file of conversations with this many messages in all, a few more at the most: real ones of two corpora, or generated ones. */
export function makeLargeCorpus(folder: string, messages: number): CorpusFile {
  const real = ['topical-chat.en.ndjson.gz', 'sgd.en.ndjson.gz'].map((name) => join(dataFolder(), name))
  const all = real.every((path) => existsSync(path)) ? real.flatMap(readConversations) : [...generateConversations({ seed: 100, conversations: 4600, messages })]
  let left = messages
  const conversations = all.filter((conversation) => {
    const wanted = left > 0
    if (wanted) left -= conversation.messages.length
    return wanted
  })
  const path = join(folder, 'large.en.ndjson')
  writeFileSync(path, conversations.map((conversation) => `${JSON.stringify(conversation)}\n`).join(''))
  return { path, conversations }
}
