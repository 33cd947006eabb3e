// What an app says of a collection of its own, and what it gets from one.

import type { OutputOf, StandardSchema } from './standard-schema.js'

/** How a collection is read and written. It is nowhere stored: every call uses what was given with `collection(name, options)`. */
export interface CollectionOptions<S extends StandardSchema, H extends object = Record<never, never>, K extends keyof OutputOf<S> & string = never> {
  /** Any Standard Schema (zod, valibot, arktype): what is put must pass it, and what it makes of it is what is stored, so that must be JSON. */
  readonly schema: S
  /**
   * What of an item is always in memory, to list, filter and sort by without opening any: names of fields, or a function of the item that gives JSON fields.
   * At most 16,384 UTF-16 units of JSON. Left out, heads are empty.
   */
  readonly head?: ((value: OutputOf<S>) => H) | readonly K[] | undefined
  /** The texts of an item that `search` looks in: names of fields, each with every string in it at any depth, or a function of the item. Called when something is searched, with frozen items. */
  readonly searchable?: ((value: OutputOf<S>) => readonly (string | undefined)[]) | readonly (keyof OutputOf<S> & string)[] | undefined
}

/** The head of an item, as `head` of the options says it. */
export type HeadOf<S extends StandardSchema, H extends object, K extends keyof OutputOf<S> & string> = [K] extends [never] ? H : Pick<OutputOf<S>, K>

/** One item, whole. The value is a copy of its own: to be changed as you like. */
export interface CollectionItem<T> {
  readonly id: string
  readonly value: T
  /** The commit of the last change. */
  readonly rev: number
  /** Its time in ms. */
  readonly modifiedAt: number
}

/** What is known of an item without opening it. The head is frozen: it is the one that the vault has. */
export interface CollectionEntry<H> {
  readonly id: string
  readonly head: Readonly<H>
  readonly rev: number
  readonly modifiedAt: number
}

export interface CollectionQuery<H> {
  /** Only items with such a head. */
  readonly where?: ((head: Readonly<H>) => boolean) | undefined
  /**
   * A field of the head, or a function that compares as `Array.prototype.sort` wants it. Left out: the last change first. Fields are compared by what they
   * are: false before true, numbers, strings by UTF-16 units, whatever else is equal; those missing come last. Equals stay in the order of their last change.
   */
  readonly sortBy?: (keyof H & string) | ((a: CollectionEntry<H>, b: CollectionEntry<H>) => number) | undefined
  /** The other way round; items without the field come last all the same. */
  readonly descending?: boolean | undefined
  /** Default: all of them. */
  readonly limit?: number | undefined
  /** How many are passed over first. */
  readonly offset?: number | undefined
}

export interface ExpectOptions {
  /**
   * The commit that the item must have been changed by last, as its `rev` says: `conflict` when it was changed or deleted since, here or in another tab.
   * 0: there must be no such item.
   */
  readonly expectRev?: number | undefined
}

export interface GetOptions {
  /** Whether the schema is asked again (default: false): an item is returned as it was stored, also when the schema has changed since. */
  readonly validate?: boolean | undefined
}

export interface CollectionSearchOptions<H> {
  /** Only items with such a head; the others are not even opened. */
  readonly where?: ((head: Readonly<H>) => boolean) | undefined
  /** Whether every word must be there (the default), or any of them. Words excluded must be missing either way. */
  readonly match?: 'all' | 'any'
  /** Whether the query is still being typed (default: false): its last word finds words that begin so. */
  readonly typing?: boolean
  /** Whether one typing mistake is forgiven in each word (default: false), when nothing is found without. */
  readonly typos?: boolean
  /** Default `recent`: the last change first. `relevance`: where the words say most of the item (BM25), then the last change. */
  readonly order?: 'recent' | 'relevance'
  /** Default: all of them. */
  readonly limit?: number
  readonly signal?: AbortSignal
}

interface TextRange {
  readonly start: number
  readonly end: number
}

/** The text in which the first of the words stands. */
export interface FoundInItem {
  /** The way to it: from the item where `searchable` is a list of fields (`['tags', 2]`), else its place among the texts that the function gave (`[1]`). */
  readonly path: readonly (string | number)[]
  /** A line of that text, and where in the line words of the query stand. */
  readonly snippet: { readonly text: string; readonly highlights: readonly TextRange[] }
  /** Where they stand in that text: UTF-16 offsets, end exclusive, in order, without overlaps. */
  readonly highlights: readonly TextRange[]
  /** What stands in the texts in place of words that were mistyped; missing when nothing was forgiven. */
  readonly corrections?: readonly { readonly typed: string; readonly found: string }[]
}

export interface CollectionHit<H> extends CollectionEntry<H>, FoundInItem {}

/** Fields to change, of what a schema takes; those that are undefined go. */
export type PatchOf<In> = { readonly [F in keyof In]?: In[F] | undefined }
