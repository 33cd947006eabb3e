// Finds sessions while somebody types: by part of the title, parts of keywords, or how the id begins. Everything is in memory.

import type { Access } from '../../core/access.js'
import type { Fields } from '../../core/log-row.js'
import { Slices } from '../../core/slices.js'
import type { Head } from '../../core/state.js'
import { headToSession, type Session } from '../../records/sessions.js'
import { fold } from '../words/fold.js'
import { tokenize } from '../words/tokenizer.js'

export interface FindSessionsOptions {
  /** Default: all of them. */
  readonly limit?: number
  readonly signal?: AbortSignal
}

export interface SessionMatch {
  readonly session: Session
  /** What was found, the best first: title, keyword, id. */
  readonly matched: readonly ('title' | 'keyword' | 'id')[]
}

interface Wanted {
  /** As typed, without white space around it: ids are compared exactly. */
  readonly raw: string
  readonly folded: string
  readonly words: readonly { readonly text: string; readonly findsKeywords: boolean }[]
}

interface Found {
  readonly head: Head
  readonly matched: SessionMatch['matched']
  readonly words: number
}

const SHORTEST_WORD = 3
const RANK = { title: 0, keyword: 1, id: 2 } as const

// Somebody types: the same titles are compared letter after letter.
const foldedByValue = new WeakMap<Fields, { readonly title: string; readonly keywords: readonly string[] }>()

/** @throws {VaultError} `locked`; {TypeError} for a query that is no string; {RangeError} for the limit; the signal's reason when aborted */
export async function findSessions(access: Access, query: string, { limit = Infinity, signal }: FindSessionsOptions): Promise<SessionMatch[]> {
  if (typeof query !== 'string') throw new TypeError('a query is a string')
  if (!(limit >= 0) || (limit !== Infinity && !Number.isInteger(limit))) throw new RangeError('limit must be a whole number from 0')
  const slices = new Slices(signal)
  const wanted = readWanted(query)
  const heads = await access.view(async (state) => [...state.heads.sessions.entries()].map(([, head]) => head))
  const found: Found[] = []
  for (const head of heads) {
    await slices.breathe()
    const match = wanted.raw === '' ? undefined : hold(head, wanted)
    if (match !== undefined) found.push(match)
  }
  found.sort(byRank)
  return found.slice(0, limit).map(({ head, matched }) => ({ session: headToSession(head), matched }))
}

function readWanted(query: string): Wanted {
  const raw = query.trim()
  const words = [...new Set(fold(raw).split(/\s+/u))].filter((word) => word !== '')
  return { raw, folded: fold(raw), words: words.map((text) => ({ text, findsKeywords: [...text].length >= SHORTEST_WORD || hasSpacelessPair(text) })) }
}

/** Where scripts write no spaces, two signs are a word. */
function hasSpacelessPair(word: string): boolean {
  return tokenize(word).some(({ firstEnd, end }) => firstEnd !== end)
}

function hold(head: Head, { raw, folded, words }: Wanted): Found | undefined {
  const { title, keywords } = foldedTexts(head.value)
  const inTitle = folded !== '' && title.includes(folded)
  const inKeyword = words.filter(({ text, findsKeywords }) => findsKeywords && keywords.some((keyword) => keyword.includes(text)))
  const matched = [...(inTitle ? ['title' as const] : []), ...(inKeyword.length > 0 ? ['keyword' as const] : []), ...(head.id.startsWith(raw) ? ['id' as const] : [])]
  if (matched.length === 0) return undefined
  return { head, matched, words: words.filter((word) => inKeyword.includes(word) || title.includes(word.text)).length }
}

function byRank(a: Found, b: Found): number {
  const activity = (head: Head): number => head.value['lastActivityAt'] as number
  return RANK[a.matched[0]!] - RANK[b.matched[0]!] || b.words - a.words || activity(b.head) - activity(a.head) || b.head.number - a.head.number
}

function foldedTexts(value: Fields): { readonly title: string; readonly keywords: readonly string[] } {
  let texts = foldedByValue.get(value)
  if (texts === undefined) {
    texts = { title: fold(value['title'] as string), keywords: (value['keywords'] as string[]).map(fold) }
    foldedByValue.set(value, texts)
  }
  return texts
}
