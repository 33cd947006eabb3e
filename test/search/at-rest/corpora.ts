// Two histories that a copied disk should not tell apart: the same messages, of the same lengths, with other words in them.

import { generateConversations, seededRandom, shuffled } from '../../kit/corpus.js'

export interface HistoryMessage {
  readonly chat: number
  readonly content: string
}
export type History = readonly HistoryMessage[]

export interface CorpusPair {
  readonly histories: readonly [History, History]
  readonly renamed: Renaming
}

/**
 * `half`: in a random half of the messages every word changes places with its partner. Each message keeps its number of distinct words, yet
 * other messages share words now: frequencies, companies and the number of distinct words of the whole corpus change.
 *
 * `all`: in all of them. Equality of words is all an index of HMAC tokens shows, and that stays as it was: even that index is the same then, up
 * to names. It is here as a control, and because lengths of packed words or an alphabetical order of them could still tell.
 */
export type Renaming = 'half' | 'all'

export interface PairOptions {
  readonly seed: number
  readonly messages: number
  readonly renamed: Renaming
  /** So many generated texts make one message; 1 when left out. */
  readonly texts?: number
}

export const CHATS = 4
const WORD = /[A-Za-z]+/g

/** The distinct words of a text as any index would see them. The generated texts are ASCII. */
export function termsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(WORD) ?? [])
}

export function makePair({ seed, messages, renamed, texts = 1 }: PairOptions): CorpusPair {
  const random = seededRandom(seed)
  const contents = [...generateConversations({ seed, conversations: CHATS, messages: messages * texts })].flatMap((conversation) => conversation.messages.map(({ content }) => content))
  const first = Array.from({ length: messages }, (_, i) => ({ chat: Math.floor(random() * CHATS), content: contents.slice(i * texts, (i + 1) * texts).join(' ') }))
  const partners = partnersOf(first)
  const chosen = new Set(shuffled(first.map((_, i) => i), random).slice(0, renamed === 'all' ? messages : messages >> 1))
  const second = first.map((message, i) => (chosen.has(i) ? { ...message, content: rename(message.content, partners) } : message))
  const pair: CorpusPair = { histories: [first, second], renamed }
  assertAlike(pair)
  return pair
}

/**
 * Among words of one length the most frequent is paired with the least frequent, the second with the second last, and so on: frequencies move as
 * far as they can, and the many words that come once meet each other, so the number of distinct words moves too.
 */
function partnersOf(history: History): Map<string, string> {
  const counts = new Map<string, number>()
  for (const { content } of history) for (const term of termsOf(content)) counts.set(term, (counts.get(term) ?? 0) + 1)
  const groups = new Map<string, string[]>()
  for (const term of [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1))) {
    const size = `${term.length}/${utf8Length(term)}`
    groups.set(size, [...(groups.get(size) ?? []), term])
  }
  const partners = new Map<string, string>()
  for (const group of groups.values()) for (const [i, term] of group.entries()) partners.set(term, group[group.length - 1 - i]!)
  return partners
}

function rename(text: string, partners: ReadonlyMap<string, string>): string {
  return text.replace(WORD, (word) => {
    const partner = partners.get(word.toLowerCase())!
    return word[0] === word[0]!.toLowerCase() ? partner : partner[0]!.toUpperCase() + partner.slice(1)
  })
}

const utf8Length = (text: string): number => new TextEncoder().encode(text).length

/** What the two may have in common for whoever wants to tell them apart: all but the words. @throws when they differ in more */
export function assertAlike({ histories: [first, second] }: CorpusPair): void {
  if (first.length !== second.length) throw new Error('not as many messages')
  for (const [i, one] of first.entries()) {
    const other = second[i]!
    const alike =
      one.chat === other.chat && one.content.length === other.content.length && utf8Length(one.content) === utf8Length(other.content) && termsOf(one.content).size === termsOf(other.content).size
    if (!alike) throw new Error(`message ${i} differs in more than its words`)
  }
}
