// SQLite in a worker of its own: only there the private files of a page can be read without waiting.
//
// One connection holds the files for good (`AccessHandlePoolVFS`, the fastest of the package's that every engine can run), with a page cache as large as
// the vault's. The encrypted one is the package's build with SQLite3 Multiple Ciphers and its default cipher, ChaCha20-Poly1305; it gets a raw key,
// so that no row counts a derivation.

import { Factory, type Module, type SQLiteAPI } from '@journeyapps/wa-sqlite'
import { AccessHandlePoolVFS } from '@journeyapps/wa-sqlite/src/examples/AccessHandlePoolVFS.js'
import type { TimedMessage } from './search-subject.ts'

export type Value = string | number
export type Row = readonly (Value | null)[]

const DIRECTORY = 'bench-sqlite'
const FILE = 'messages.db'
/** A raw key by its number. */
const rawKey = (number: number): string => `raw:${number.toString(16).padStart(2, '0')}0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f`
const SQLITE_ROW = 100

const SCHEMA = `
  CREATE TABLE messages (place INTEGER NOT NULL, id TEXT NOT NULL, chat TEXT NOT NULL, sender TEXT NOT NULL, type TEXT NOT NULL, timestamp INTEGER NOT NULL, content TEXT NOT NULL);
  CREATE VIRTUAL TABLE words USING fts5(content, content='messages', content_rowid='rowid', tokenize='unicode61 remove_diacritics 2', prefix='2 3', detail=full);
  CREATE VIRTUAL TABLE parts USING fts5(content, content='messages', content_rowid='rowid', tokenize='trigram remove_diacritics 1', detail=full, columnsize=0);
`

class Database {
  #module: Module | undefined
  #api: SQLiteAPI | undefined
  #database = 0
  /** Statements are prepared once. */
  readonly #statements = new Map<string, number>()

  get #sqlite(): SQLiteAPI {
    if (this.#api === undefined) throw new Error('SQLite is not open')
    return this.#api
  }

  /** @param key the number of its key: how often it was given another one */
  async open(encrypted: boolean, key: number): Promise<void> {
    const { default: start } = await (encrypted ? import('@journeyapps/wa-sqlite/dist/mc-wa-sqlite.mjs') : import('@journeyapps/wa-sqlite/dist/wa-sqlite.mjs'))
    const module = (this.#module = await start())
    const sqlite = (this.#api = Factory(module))
    sqlite.vfs_register(await AccessHandlePoolVFS.create(DIRECTORY, module), true)
    if (encrypted && module.ccall('sqlite3mc_vfs_create', 'int', ['string', 'int'], [DIRECTORY, 1]) !== 0) throw new Error('SQLite has no encrypted files')
    this.#database = await sqlite.open_v2(FILE, undefined, encrypted ? `multipleciphers-${DIRECTORY}` : DIRECTORY)
    if (encrypted) await this.exec(`PRAGMA key = '${rawKey(key)}'`)
    await this.exec('PRAGMA locking_mode = exclusive; PRAGMA temp_store = memory; PRAGMA cache_size = -16384; PRAGMA synchronous = normal')
    await this.exec('SELECT count(*) FROM sqlite_schema')
  }

  async exec(sql: string): Promise<void> {
    await this.#sqlite.exec(this.#database, sql)
  }

  /** Another raw key for every page. What is open goes on with it; who opens the files later needs it. */
  async rekey(key: number): Promise<void> {
    for (const statement of this.#statements.values()) await this.#sqlite.finalize(statement)
    this.#statements.clear()
    await this.exec(`PRAGMA rekey = '${rawKey(key)}'`)
  }

  async create(): Promise<void> {
    await this.exec(SCHEMA)
  }

  /** One transaction. `place` is the message's number in the order of time: only what answers are compared by. */
  async insert(messages: readonly (TimedMessage & { readonly place: number })[]): Promise<void> {
    await this.exec('BEGIN')
    for (const { place, id, chatLogId, senderId, type, timestamp, content } of messages) {
      await this.query('INSERT INTO messages (place, id, chat, sender, type, timestamp, content) VALUES (?, ?, ?, ?, ?, ?, ?)', [place, id, chatLogId, senderId, type, timestamp, content])
    }
    await this.exec('COMMIT')
  }

  /** Both indexes, each in one piece. */
  async index(): Promise<void> {
    for (const table of ['words', 'parts']) {
      await this.exec(`INSERT INTO ${table}(${table}) VALUES ('rebuild')`)
      await this.exec(`INSERT INTO ${table}(${table}) VALUES ('optimize')`)
    }
  }

  async query(sql: string, values: readonly Value[]): Promise<Row[]> {
    const sqlite = this.#sqlite
    const statement = this.#statements.get(sql) ?? (await this.#prepare(sql))
    const rows: Row[] = []
    try {
      sqlite.bind_collection(statement, values)
      while ((await sqlite.step(statement)) === SQLITE_ROW) rows.push(sqlite.row(statement))
    } finally {
      await sqlite.reset(statement)
    }
    return rows
  }

  async #prepare(sql: string): Promise<number> {
    for await (const statement of this.#sqlite.statements(this.#database, sql, { unscoped: true })) {
      this.#statements.set(sql, statement)
      return statement
    }
    throw new Error('there is no statement in that')
  }

  /** Bytes of its whole memory, used or not. */
  async memory(): Promise<number> {
    return this.#module?.HEAPU8.length ?? 0
  }

  async close(): Promise<void> {
    for (const statement of this.#statements.values()) await this.#sqlite.finalize(statement)
    this.#statements.clear()
    await this.#sqlite.close(this.#database)
  }
}

export type { Database }

interface Request {
  readonly call: number
  readonly method: 'open' | 'exec' | 'create' | 'insert' | 'index' | 'rekey' | 'query' | 'memory' | 'close'
  readonly given: readonly never[]
}

const database = new Database()

globalThis.onmessage = async ({ data: { call, method, given } }: MessageEvent<Request>) => {
  try {
    const result = await (database[method] as (...values: readonly never[]) => Promise<unknown>).apply(database, [...given])
    globalThis.postMessage({ call, result })
  } catch (error) {
    globalThis.postMessage({ call, error: `${method}: ${error instanceof Error ? error.message : String(error)}` })
  }
}
