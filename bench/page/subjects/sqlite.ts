// SQLite with FTS5 on private files, plain or encrypted: asked from the page, as an app would.

import type { Conversation } from '../corpus.ts'
import { inOrderOfTime, type Hit, type Place, type Query, type Range, type SearchSubject, type Snippet } from './search-subject.ts'
import type { Database, Row } from './sqlite-worker.ts'

const BATCH = 5000
/** Tokens of a snippet, about as many as ours has; FTS5 takes 64 at most. Those of the other table are places of letters. */
const SNIPPET_TOKENS = { words: 28, parts: 64 }
const OPEN = '\u0001'
const CLOSE = '\u0002'

const KEY_NUMBER = 'sqlite-key'
/** A page that comes in place of another one must open what that one left. */
const keyNumber = (): number => Number(sessionStorage.getItem(KEY_NUMBER) ?? 0)

export class Sqlite implements SearchSubject {
  readonly lasting = true
  readonly #encrypted: boolean
  /** Rows were added in the order of time, so that their numbers will do to sort by. */
  readonly #byRow: boolean
  readonly #calls = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>()
  #worker: Worker | undefined
  #call = 0

  constructor({ encrypted, byRow }: { readonly encrypted: boolean; readonly byRow: boolean }) {
    this.#encrypted = encrypted
    this.#byRow = byRow
  }

  async create(): Promise<void> {
    await this.reopen()
    await this.#ask('create')
  }

  async build(conversations: readonly Conversation[]): Promise<number> {
    const places = new Map(inOrderOfTime(conversations).map(({ timestamp }, place) => [timestamp, place]))
    const all = this.#byRow ? inOrderOfTime(conversations) : conversations.flatMap(({ id, messages }) => messages.map((message) => ({ ...message, chatLogId: id })))
    const messages = all.map((message) => ({ ...message, place: places.get(message.timestamp)! }))
    const start = performance.now()
    for (let first = 0; first < messages.length; first += BATCH) await this.#ask('insert', messages.slice(first, first + BATCH))
    await this.#ask('index')
    return performance.now() - start
  }

  async reopen(): Promise<void> {
    this.#worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { type: 'module' })
    this.#worker.onmessage = ({ data: { call, result, error } }: MessageEvent<{ call: number; result?: unknown; error?: string }>) => {
      const waiting = this.#calls.get(call)
      this.#calls.delete(call)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(`SQLite: ${error}`))
    }
    this.#worker.onerror = ({ message }) => {
      for (const { reject } of this.#calls.values()) reject(new Error(`the worker of SQLite failed: ${message}`))
    }
    await this.#ask('open', this.#encrypted, keyNumber())
  }

  can(): boolean {
    return true
  }

  async search(query: Query, limit: number): Promise<readonly Hit[]> {
    const table = tableOf(query)
    const rows = await this.#ask(
      'query',
      `SELECT place, messages.id, chat, sender, type, timestamp, snippet(${table}, 0, char(1), char(2), '…', ${SNIPPET_TOKENS[table]})
       FROM ${table} JOIN messages ON messages.rowid = ${table}.rowid WHERE ${table} MATCH ? ORDER BY ${this.#orderOf(query, table)} LIMIT ?`,
      [matchOf(query), limit],
    )
    return rows.map((row) => ({ place: row[0] as number, snippet: toSnippet(row.at(-1) as string) }))
  }

  async places(query: Query, limit: number): Promise<readonly Place[]> {
    const table = tableOf(query)
    const rows = await this.#ask(
      'query',
      `SELECT place FROM ${table} JOIN messages ON messages.rowid = ${table}.rowid WHERE ${table} MATCH ? ORDER BY ${this.#orderOf(query, table)} LIMIT ?`,
      [matchOf(query), limit],
    )
    return rows.map(([place]) => place as number)
  }

  /** The page cache; the connection stays, as the vault stays unlocked. */
  readonly forget = async (): Promise<void> => {
    await this.#ask('exec', 'PRAGMA shrink_memory')
  }

  readonly wasmBytes = (): Promise<number> => this.#ask('memory')

  /** Milliseconds of a rekeying with another raw key. */
  async rekey(): Promise<number> {
    const next = keyNumber() + 1
    const start = performance.now()
    await this.#ask('rekey', next)
    const ms = performance.now() - start
    sessionStorage.setItem(KEY_NUMBER, String(next))
    return ms
  }

  /** Of all messages and what both indexes know of a word. */
  async digest(): Promise<string> {
    const counts = await this.#ask('query', 'SELECT count(*), sum(length(content)), sum(timestamp), group_concat(DISTINCT type) FROM messages', [])
    const found = await this.#ask('query', "SELECT count(*), sum(rowid) FROM words WHERE words MATCH 'the'", [])
    return [...counts, ...found].flat().map(String).join('/')
  }

  async check(): Promise<void> {
    const [row] = await this.#ask('query', 'PRAGMA integrity_check', [])
    if (row?.[0] !== 'ok') throw new Error(`SQLite: ${String(row?.[0])}`)
  }

  async close(): Promise<void> {
    await this.#ask('close')
    this.#worker?.terminate()
  }

  #orderOf({ order }: Query, table: string): string {
    if (order === 'relevance') return 'rank'
    return this.#byRow ? `${table}.rowid DESC` : 'timestamp DESC'
  }

  #ask(method: 'query', ...given: Parameters<Database['query']>): Promise<readonly Row[]>
  #ask(method: 'memory'): Promise<number>
  #ask<M extends 'open' | 'exec' | 'create' | 'insert' | 'index' | 'rekey' | 'close'>(method: M, ...given: Parameters<Database[M]>): Promise<void>
  #ask(method: string, ...given: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = this.#call++
      this.#calls.set(call, { resolve, reject })
      this.#worker?.postMessage({ call, method, given })
    })
  }
}

function tableOf({ form }: Query): 'words' | 'parts' {
  return form === 'infix' ? 'parts' : 'words'
}

function matchOf({ form, words, begins }: Query): string {
  if (form !== 'words') return `"${words.join(' ')}"`
  return words.map((word, i) => (begins && i === words.length - 1 ? `"${word}"*` : `"${word}"`)).join(' ')
}

/** Takes the marks out of a snippet and says where they were. */
function toSnippet(marked: string): Snippet {
  const highlights: Range[] = []
  let text = ''
  for (const [i, piece] of marked.split(OPEN).entries()) {
    const end = i === 0 ? -1 : piece.indexOf(CLOSE)
    if (end !== -1) highlights.push({ start: text.length, end: text.length + end })
    text += end === -1 ? piece : piece.slice(0, end) + piece.slice(end + 1)
  }
  return { text, highlights }
}
