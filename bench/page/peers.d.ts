// As much of the packages compared with as the benchmarks use: types must hold where those packages are not installed, too.

declare module '@journeyapps/wa-sqlite' {
  export interface Module {
    readonly HEAPU8: Uint8Array
    ccall(name: string, returns: 'int', types: readonly string[], given: readonly (string | number)[]): number
  }
  export interface SQLiteAPI {
    vfs_register(vfs: object, makeDefault: boolean): number
    open_v2(name: string, flags: number | undefined, vfs: string): Promise<number>
    exec(database: number, sql: string): Promise<number>
    statements(database: number, sql: string, options: { readonly unscoped: boolean }): AsyncIterable<number>
    bind_collection(statement: number, values: readonly (string | number)[]): number
    step(statement: number): Promise<number>
    row(statement: number): (string | number | null)[]
    reset(statement: number): Promise<number>
    finalize(statement: number): Promise<number>
    close(database: number): Promise<number>
  }
  export function Factory(module: Module): SQLiteAPI
}

declare module '@journeyapps/wa-sqlite/dist/wa-sqlite.mjs' {
  import type { Module } from '@journeyapps/wa-sqlite'
  export default function start(): Promise<Module>
}

declare module '@journeyapps/wa-sqlite/dist/mc-wa-sqlite.mjs' {
  import type { Module } from '@journeyapps/wa-sqlite'
  export default function start(): Promise<Module>
}

declare module '@journeyapps/wa-sqlite/src/examples/AccessHandlePoolVFS.js' {
  import type { Module } from '@journeyapps/wa-sqlite'
  export class AccessHandlePoolVFS {
    static create(name: string, module: Module): Promise<AccessHandlePoolVFS>
  }
}

declare module 'dexie' {
  export interface Collection<T, K> {
    reverse(): this
    limit(count: number): this
    primaryKeys(): Promise<K[]>
    filter(holds: (record: T) => boolean): this
    toArray(): Promise<T[]>
  }
  export interface WhereClause<T, K> {
    equals(word: string): Collection<T, K>
    startsWith(word: string): Collection<T, K>
  }
  export interface Table<T, K> {
    bulkAdd(records: readonly T[]): Promise<unknown>
    bulkGet(keys: readonly K[]): Promise<(T | undefined)[]>
    where(index: string): WhereClause<T, K>
    toCollection(): Collection<T, K>
    orderBy(index: string): Collection<T, K>
    toArray(): Promise<T[]>
    get(key: K): Promise<T | undefined>
    put(record: T): Promise<K>
    update(key: K, changes: Partial<T>): Promise<number>
    bulkPut(records: readonly T[]): Promise<unknown>
  }
  export class Dexie {
    constructor(name: string)
    version(version: number): { stores(schema: Readonly<Record<string, string>>): void }
    open(): Promise<unknown>
    close(): void
    table<T, K>(name: string): Table<T, K>
    transaction<R>(mode: 'r' | 'rw', tables: readonly object[], work: () => Promise<R>): Promise<R>
  }
}

declare module 'dexie-export-import' {
  import type { Dexie } from 'dexie'
  export function exportDB(database: Dexie): Promise<Blob>
}
