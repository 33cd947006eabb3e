// What can keep a chat whose messages have pictures.

export interface PictureMessage {
  readonly senderId: string
  readonly type: 'user'
  readonly content: string
  readonly metadata: { readonly images: readonly string[] }
}

/** A message as it was read; of deferred pictures a beginning alone. */
export interface ReadPicture {
  readonly content: string
  readonly image: string
}

/** How a chat is walked through: screen by screen, picture by picture, or screen by screen without the pictures. */
export type Walk = 'screens' | 'one-by-one' | 'deferred'

export interface PictureSubject {
  readonly walks: readonly Walk[]
  create(): Promise<void>
  /** Resolves when it is saved. */
  append(message: PictureMessage): Promise<unknown>
  /** Folds what is pending, where there is such a thing, and closes. */
  close(): Promise<void>
  reopen(): Promise<void>
  /** The chat from its first message on, so many at once as are on a screen. */
  walk(walk: Walk, screen: number): AsyncIterable<readonly ReadPicture[]>
  /** Lists and searches what an app shows without pictures. @returns how many messages the search found */
  find(word: string): Promise<number>
  /** Bytes of all rows as they lie, where it has rows of bytes. */
  bytesAtRest(): Promise<number | undefined>
}
