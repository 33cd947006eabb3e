// What the subjects of `collection` can do: keep notes.

export interface Note {
  readonly title: string
  readonly text: string
  readonly pinned: boolean
  readonly at: number
}

export interface NotesSubject {
  open(): Promise<void>
  /** Opens what was closed before, and gives the milliseconds from then to a first list of the newest 50; a derivation of a key is not counted. */
  reopen(): Promise<number>
  putAll(notes: ReadonlyMap<string, Note>): Promise<void>
  put(id: string, note: Note): Promise<void>
  update(id: string, pinned: boolean): Promise<void>
  get(id: string): Promise<Note | undefined>
  /** Titles of the first 50 pinned notes by title. */
  pinned(): Promise<readonly string[]>
  /** Titles of all, the newest first. */
  titles(): Promise<readonly string[]>
  /** Ids of the newest notes that have both words. */
  search(words: readonly [string, string], limit: number): Promise<readonly string[]>
  readAll(): Promise<ReadonlyMap<string, Note>>
  /** Until nothing of what was written waits for the background. */
  settle(): Promise<void>
  emptyCache(): void
  close(): Promise<void>
}
