// What `questions` and `search` use of MiniSearch: the benchmarks' packages are installed only when one runs, types are checked always.

declare module 'minisearch' {
  interface Result {
    readonly id: unknown
    readonly score: number
    readonly [storedField: string]: unknown
  }

  interface SearchSettings {
    readonly combineWith?: 'OR' | 'AND'
    readonly prefix?: boolean | ((term: string, index: number, terms: readonly string[]) => boolean)
    readonly filter?: (result: Result) => boolean
  }

  export default class MiniSearch {
    constructor(settings: {
      readonly fields: readonly string[]
      readonly storeFields?: readonly string[]
      readonly tokenize?: (text: string) => string[]
      readonly processTerm?: (term: string) => string
      readonly searchOptions?: SearchSettings
    })
    addAll(documents: readonly object[]): void
    addAllAsync(documents: readonly object[], settings: { readonly chunkSize: number }): Promise<void>
    search(words: string, settings?: SearchSettings): Result[]
  }
}
