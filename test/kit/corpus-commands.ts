// What browser tests ask of Node about real corpora: conversations as a vault takes them, and whether the archive that the page made of them
// holds what its plain JSON holds, as the stand-alone reader has it.

import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { BrowserCommand } from 'vitest/node'
import { corpusNames, readCorpus } from '../search/kit/corpora.ts'
import { generatedSample, sampleOf, type Sample } from '../search/kit/sample.ts'
import { asJson, timeless, type JsonExport } from './archive-json.ts'
import { readByProgram } from './archive-program.ts'
import { seededRandom } from './random.ts'

const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
const UNITS_AT_ONCE = 4 * 1024 * 1024
/** Of the corpus that is not a real one. */
const MADE_UP = 'generated'

/** Real ones with `npm run faults -- archives`, a made-up one otherwise. */
export const corporaAtHand: BrowserCommand<[]> = () => {
  const found = process.env['SEALED_VAULT_FAULTS'] === 'full' ? corpusNames(process.env['SEALED_VAULT_CORPUS']) : []
  return found.length > 0 ? found : [MADE_UP]
}

let latest: { readonly name: string; readonly sample: Sample } | undefined

/** JSON of some conversations from a place on; of none behind the last. */
export const corpusConversations: BrowserCommand<[name: string, from: number]> = (_context, name, from) => {
  if (latest?.name !== name) latest = { name, sample: name === MADE_UP ? generatedSample(SEED, 400) : sampleOf(readCorpus(name), seededRandom(SEED)) }
  const texts: string[] = []
  let units = 0
  for (let at = from; at < latest.sample.conversations.length && units < UNITS_AT_ONCE; at++) {
    const text = JSON.stringify(latest.sample.conversations[at])
    texts.push(text)
    units += text.length
  }
  return `[${texts.join(',')}]`
}

/** Folders by the name that the page gave its export. */
const folders = new Map<string, string>()

/** Adds bytes (base64) to the archive or the JSON of an export. */
export const keepPiece: BrowserCommand<[exportName: string, file: 'archive' | 'json', piece: string]> = (_context, exportName, file, piece) => {
  let folder = folders.get(exportName)
  if (folder === undefined) folders.set(exportName, (folder = mkdtempSync(join(tmpdir(), 'sealed-vault-corpus-'))))
  appendFileSync(join(folder, file), Buffer.from(piece, 'base64'))
}

/** @returns messages in the archive, when it holds what the JSON holds @throws what the tool says, or that they differ */
export const compareExports: BrowserCommand<[exportName: string, recoveryCode: string]> = async (_context, exportName, recoveryCode) => {
  const folder = folders.get(exportName)
  if (folder === undefined) throw new Error('nothing was kept under this name')
  folders.delete(exportName)
  try {
    const { records, told } = await readByProgram(join(folder, 'archive'), recoveryCode)
    if (told !== '') throw new Error(told)
    const plain = timeless(JSON.parse(readFileSync(join(folder, 'json'), 'utf8')) as JsonExport)
    if (!isDeepStrictEqual(asJson(records), plain)) throw new Error('the archive holds something else than the plain JSON')
    return records.filter(({ kind }) => kind === 'message').length
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

declare module 'vitest/browser' {
  interface BrowserCommands {
    corporaAtHand(): Promise<string[]>
    corpusConversations(name: string, from: number): Promise<string>
    keepPiece(exportName: string, file: 'archive' | 'json', piece: string): Promise<void>
    compareExports(exportName: string, recoveryCode: string): Promise<number>
  }
}
