// Real corpora, where they are at hand: one gzipped conversation a line. The repository holds none of them.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { CorpusConversation } from '../../kit/corpus.js'

const ENDING = '.ndjson.gz'

/** In the folder SEALED_VAULT_DATA names, or in a folder of data beside the repository. */
function dataFolder(): string | undefined {
  const folder = process.env['SEALED_VAULT_DATA'] ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url))
  return existsSync(folder) ? folder : undefined
}

/** Their names, those that begin with `name`. */
export function corpusNames(name = ''): string[] {
  const folder = dataFolder()
  if (folder === undefined) return []
  return readdirSync(folder).filter((file) => file.endsWith(ENDING) && file.startsWith(name)).map((file) => file.slice(0, -ENDING.length)).sort()
}

export function readCorpus(name: string): CorpusConversation[] {
  const lines = gunzipSync(readFileSync(join(dataFolder()!, name + ENDING))).toString('utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as CorpusConversation)
}
