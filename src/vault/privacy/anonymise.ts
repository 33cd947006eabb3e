// Rewrites records for a copy that is to tell what was said and not who said it. What nobody here knows the meaning of is left out: a rewriter that keeps what it does
// not understand keeps names. It is pseudonymisation and no more: who knows the chats knows them again.

import * as z from 'zod/mini'
import { VaultError } from '../../errors.js'
import type { Fields } from '../core/log-row.js'
import type { Head } from '../core/state.js'
import { isOwn } from '../records/reserved-ids.js'
import { parseInput } from '../records/values.js'
import { Names } from './names.js'

export interface AnonymiseOptions {
  /** To be replaced in texts beside the names of participants, senders and entities, each where it stands as whole words, in any case: by `[word-1]`, `[word-2]`, … in this order. */
  readonly words?: readonly string[] | undefined
  /** `relative` (when left out): the earliest time in the vault is 0, distances stay. `day`: all times of a day are its midnight in UTC. `keep`: as they are. */
  readonly times?: 'relative' | 'day' | 'keep' | undefined
  /** `replace` (when left out): names and words, links, e-mail addresses and long numbers are replaced in what was said. `mask`: every letter is an `x`, every digit a `0`. */
  readonly texts?: 'replace' | 'mask' | undefined
}

export type PlainKind = 'session' | 'chatLog' | 'message' | 'brain'

/** The heads of what may be named in the copy. */
export interface NamedHeads {
  readonly sessions: readonly Head[]
  readonly chatLogs: readonly Head[]
  readonly brains: readonly Head[]
}

const DAY_MS = 24 * 60 * 60 * 1000
/** Times before this are none: what has no time of its own has 0, and a copy like this one begins there. */
const FIRST_TIME = Date.UTC(1990, 0)
/** With the brackets of words that were replaced in them. */
const EMAIL = /(?<![\p{L}\p{M}\p{N}._%+[\]-])[\p{L}\p{M}\p{N}._%+[\]-]{1,256}@[\p{L}\p{M}\p{N}[\]-]{1,63}(?:\.[\p{L}\p{M}\p{N}[\]-]{1,63}){1,8}/gu
const LINK = /(?:[a-z][a-z\d+.-]{1,20}:\/\/|(?<![\p{L}\p{N}])(?:www\.|(?:mailto|tel|data|blob):))\S+/giu
/** Six digits at least: telephones, cards, accounts, dates. Or somebody, of whom there may be as many. */
const NUMBER = /person-\p{Nd}+|\+?\p{Nd}(?:[\s()./-]{0,3}\p{Nd}){5,}/gu

const schema = z.strictObject({
  words: z.optional(z.array(z.string())),
  times: z.optional(z.enum(['relative', 'day', 'keep'])),
  texts: z.optional(z.enum(['replace', 'mask'])),
})

/** @throws {VaultError} `invalid-value` naming the field */
export function anonymiserOf(input: AnonymiseOptions): (heads: NamedHeads) => Anonymiser {
  const options = parseInput(schema, input, 'export')
  const blank = options.words?.findIndex((word) => !Names.canBeFound(word)) ?? -1
  if (blank !== -1) throw new VaultError('invalid-value', 'a word to be replaced needs two letters or digits', { where: 'export', fields: [`words.${blank}`] })
  return (heads) => new Anonymiser(options, heads)
}

export class Anonymiser {
  readonly #options: AnonymiseOptions
  readonly #names: Names
  readonly #pseudonyms = new Map<string, string>()
  readonly #counts = new Map<string, number>()
  #start = Infinity
  #messages = 0

  constructor(options: AnonymiseOptions, { sessions, chatLogs, brains }: NamedHeads) {
    this.#options = options
    this.#names = new Names((id) => this.#person(id))
    for (const { value } of sessions) for (const id of value['participants'] as readonly string[]) this.#names.add(id)
    for (const { id } of brains) if (!isOwn(id)) this.#names.add(id)
    for (const [i, word] of (options.words ?? []).entries()) this.#names.addWord(word, `[word-${i + 1}]`)
    for (const { value } of [...sessions, ...chatLogs]) this.#beginAt(value['createdAt'] as number)
  }

  /** A message of the vault, before anything is written: whoever says something may be named in what stands before it. */
  meet({ senderId, timestamp }: Fields): void {
    this.#names.add(senderId as string)
    this.#beginAt(timestamp as number)
  }

  #beginAt(ms: number): void {
    if (ms >= FIRST_TIME) this.#start = Math.min(this.#start, ms)
  }

  /** When the copy was made, as far as it may say so: next to times that begin at 0, that would tell when they really began. */
  madeAt(now: number): number {
    return (this.#options.times ?? 'relative') === 'relative' ? 0 : this.#time(now)
  }

  /** A record as it stands in a plain export. */
  rewrite(kind: PlainKind, fields: Fields): Fields {
    const modifiedAt = this.#time(fields['modifiedAt'] as number)
    switch (kind) {
      case 'session':
        return { ...this.#session(fields), modifiedAt }
      case 'chatLog':
        return { id: this.#as('chat', fields['id']), ...this.#maybe('sessionId', fields, (id) => this.#as('session', id)), createdAt: this.#time(fields['createdAt'] as number), modifiedAt }
      case 'message':
        return this.#message(fields, modifiedAt)
      case 'brain':
        // Memories and settings may hold anything.
        return { entityId: this.#person(fields['entityId'] as string), model: this.#text(fields['model'] as string), configuration: {}, memories: [], modifiedAt }
    }
  }

  #session(fields: Fields): Fields {
    const { participants, state, title, titled, keywords, createdAt, lastActivityAt, messageCount } = fields
    return {
      id: this.#as('session', fields['id']),
      ...this.#maybe('connectionId', fields, (id) => this.#as('connection', id)),
      participants: (participants as readonly string[]).map((id) => this.#person(id)),
      state,
      title: this.#text(whole(title as string)),
      ...(titled !== undefined && { titled }),
      keywords: this.#options.texts === 'mask' ? [] : (keywords as readonly string[]).map((word) => this.#text(word)),
      createdAt: this.#time(createdAt as number),
      lastActivityAt: this.#time(lastActivityAt as number),
      messageCount,
      ...this.#maybe('chatLogId', fields, (id) => this.#as('chat', id)),
    }
  }

  /** Without its metadata: pictures, commands and context may hold anything. */
  #message(fields: Fields, modifiedAt: number): Fields {
    const { senderId, type, content, timestamp } = fields
    return { id: `message-${++this.#messages}`, senderId: this.#person(senderId as string), type, content: this.#text(content as string), timestamp: this.#time(timestamp as number), modifiedAt }
  }

  #text(text: string): string {
    if (this.#options.texts === 'mask') return text.replace(/\p{N}/gu, '0').replace(/\p{Alphabetic}\p{M}*/gu, 'x')
    // Names first: an id that is partly digits would be found no more, and the rest of it would stand there.
    return this.#names.replaceIn(text.normalize('NFC')).replace(EMAIL, '[email]').replace(LINK, '[link]').replace(NUMBER, (found) => (this.#isPerson(found) ? found : '[number]'))
  }

  #time(ms: number): number {
    const { times = 'relative' } = this.#options
    if (times === 'keep') return ms
    if (times === 'day') return Math.floor(ms / DAY_MS) * DAY_MS
    return this.#start === Infinity ? ms : Math.max(0, ms - this.#start)
  }

  /** Whether this is one of those that were given; somebody may have written the like. */
  #isPerson(text: string): boolean {
    const [, number] = /^person-(\d{1,15})$/u.exec(text) ?? []
    return number !== undefined && Number(number) <= (this.#counts.get('person') ?? 0)
  }

  #person(id: string): string {
    return this.#as('person', id)
  }

  /** The same for the same id, numbered as they come. */
  #as(kind: string, id: unknown): string {
    const key = `${kind}/${id as string}`
    const known = this.#pseudonyms.get(key)
    if (known !== undefined) return known
    const number = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, number)
    const pseudonym = `${kind}-${number}`
    this.#pseudonyms.set(key, pseudonym)
    return pseudonym
  }

  #maybe(field: string, fields: Fields, rewrite: (id: unknown) => string): Fields {
    return fields[field] === undefined ? {} : { [field]: rewrite(fields[field]) }
  }
}

/** A title that was cut off ends in the middle of a word, which is found by nothing here: without that word, and the digits before it. */
function whole(title: string): string {
  if (!title.endsWith('…')) return title
  // What derives titles cuts them after eighty characters.
  const start = Math.max(0, title.length - 200)
  return `${title.slice(0, start)}${title.slice(start).replace(/[\p{Nd}\s()./+-]*[^\s]*…$/u, '')} …`
}
