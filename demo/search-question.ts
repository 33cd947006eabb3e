// What is asked of a search: the words, and what was chosen beside them.

import type { BySessionOptions, MessageType } from 'sealed-vault'

/** Each with what stands in the list of choices; the first one is what holds when nobody chose. */
export const CHOICES = {
  order: { label: 'Order', options: { recent: 'Newest first', relevance: 'Best first' } },
  match: { label: 'Words', options: { all: 'All words', any: 'Any word' } },
  by: { label: 'Written by', options: { anyone: 'By anyone', user: 'By people', assistant: 'By the assistant' } },
  age: { label: 'Time', options: { any: 'Any time', week: 'Last 7 days', month: 'Last 30 days', year: 'Last year' } },
  where: { label: 'Where', options: { everywhere: 'All chats', here: 'This chat' } },
} as const

export type Choices = { readonly [K in keyof typeof CHOICES]: keyof (typeof CHOICES)[K]['options'] }

export const DEFAULTS: Choices = { order: 'recent', match: 'all', by: 'anyone', age: 'any', where: 'everywhere' }

export interface Question {
  readonly query: string
  readonly choices: Choices
  /** The open chat. */
  readonly sessionId: string | undefined
}

const DAY_MS = 86_400_000
const AGES = { any: Infinity, week: 7 * DAY_MS, month: 30 * DAY_MS, year: 365 * DAY_MS }

/** More than anybody reads while typing, few enough to be drawn between two letters. */
export const SESSIONS_SHOWN = 20
const HITS_SHOWN = 3
/** In one chat alone. */
const HITS_SHOWN_HERE = 50

export function optionsOf({ choices, sessionId }: Question): BySessionOptions {
  const { order, match, by, age, where } = choices
  const here = where === 'here' && sessionId !== undefined
  return {
    typing: true,
    typos: true,
    order,
    match,
    limit: SESSIONS_SHOWN,
    hitsPerSession: here ? HITS_SHOWN_HERE : HITS_SHOWN,
    ...(by !== 'anyone' && { types: [by satisfies MessageType] }),
    ...(age !== 'any' && { from: Date.now() - AGES[age] }),
    ...(here && { sessionIds: [sessionId] }),
  }
}
