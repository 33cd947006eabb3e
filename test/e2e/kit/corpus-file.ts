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

/** The corpus in the folder SEALED_VAULT_DATA names, or in a folder of data beside the repository; else one made in `folder`. */
export function findCorpus(folder: string): CorpusFile {
  const data = process.env['SEALED_VAULT_DATA'] ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url))
  const real = join(data, 'topical-chat.en.ndjson.gz')
  if (existsSync(real)) {
    const lines = gunzipSync(readFileSync(real)).toString('utf8').split('\n')
    return { path: real, conversations: lines.filter((line) => line !== '').map((line) => JSON.parse(line) as CorpusConversation) }
  }
  const conversations = [...generateConversations({ seed: 2156, conversations: 2156, messages: 46_903 })]
  const path = join(folder, 'generated.en.ndjson.gz')
  writeFileSync(path, gzipSync(conversations.map((conversation) => `${JSON.stringify(conversation)}\n`).join('')))
  return { path, conversations }
}
