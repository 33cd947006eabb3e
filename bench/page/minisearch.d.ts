// What `questions` uses of MiniSearch: the benchmarks' packages are installed only when one runs, types are checked always.

declare module 'minisearch' {
  interface Result {
    readonly id: unknown
    readonly score: number
    readonly [storedField: string]: unknown
  }

  interface SearchSettings {
    readonly combineWith?: 'OR' | 'AND'
    readonly filter?: (result: Result) => boolean
  }

  export default class MiniSearch {
    constructor(settings: { readonly fields: readonly string[]; readonly storeFields?: readonly string[]; readonly searchOptions?: SearchSettings })
    addAll(documents: readonly object[]): void
    search(words: string, settings?: SearchSettings): Result[]
  }
}
