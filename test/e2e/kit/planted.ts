// Conversations in which it is known where each odd word stands.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CorpusConversation } from '../../kit/corpus.js'

const DAY_MS = 86_400_000

type Said = readonly [content: string, type: 'user' | 'assistant', daysAgo: number]

function conversation(id: string, title: string, said: readonly Said[]): CorpusConversation {
  const now = Date.now()
  const messages = said.map(([content, type, daysAgo], index) => ({ id: `${id}#${index}`, senderId: type === 'user' ? 'ada' : 'guide', type, content, timestamp: new Date(now - daysAgo * DAY_MS).toISOString() }))
  return { id, source: 'planted', lang: 'en', title, participants: ['ada', 'guide'], messages }
}

export const LONG_CHAT = 1500

/** Writes them into a file in `folder` and gives its path. */
export function writePlanted(folder: string): string {
  const long = Array.from({ length: LONG_CHAT }, (_, index): Said => {
    const odd = index === 12 ? ' with a periwinkle' : index === 700 ? ' with a wombat' : ''
    return [`Step ${index}${odd}, and a few words more`, index % 2 === 0 ? 'user' : 'assistant', 50 - index / 1440]
  })
  const conversations = [
    conversation('planted-long', 'A long way', long),
    conversation('planted-times', 'Now and then', [
      ['The first quokka of all', 'assistant', 1000],
      ['A quokka beside a wombat', 'user', 200],
      ['Quokka, again', 'assistant', 20],
      ['The last quokka', 'user', 3],
    ]),
    conversation('planted-often', 'Numbats', [['Numbat, numbat, numbat', 'user', 40]]),
    conversation('planted-once', 'Other things', [['A long sentence about this and about that in which there is also a numbat somewhere', 'user', 30]]),
    conversation('planted-secret', 'A secret', [['Nobody but us says xylophonically like that', 'user', 60]]),
  ]
  const path = join(folder, 'planted.ndjson')
  writeFileSync(path, conversations.map((planted) => `${JSON.stringify(planted)}\n`).join(''))
  return path
}
