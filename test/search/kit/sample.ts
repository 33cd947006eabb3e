// Conversations as a vault is given them, and the same as the truth holds them.

import type { UnlockedVault } from '../../../src/vault/unlocked-vault.js'
import type { ConversationInput } from '../../../src/vault/records/load.js'
import { generateConversations, type CorpusConversation } from '../../kit/corpus.js'
import { seededRandom, type Random } from '../../kit/random.js'
import { TABLE } from '../table.js'
import type { TruthMessage } from './truth.js'

export interface Sample {
  readonly conversations: readonly ConversationInput[]
  readonly messages: readonly TruthMessage[]
}

const MINUTE = 60_000
/** Over 64 KiB a content is kept outside of its page; signs, not words, so that it is soon read. */
const LONG = `${'='.repeat(70_000)} a needle in a long content`

/**
 * Times are those of the source, or a clock's; whole minutes, so that many messages share one and the order of ties is tried.
 * Every fifth conversation numbers its messages by itself: ids are unique in a chat log only.
 */
export function sampleOf(conversations: Iterable<CorpusConversation>, random: Random): Sample {
  const messages: TruthMessage[] = []
  const inputs: ConversationInput[] = []
  for (const { id, title, participants, messages: turns } of conversations) {
    const logNumber = inputs.length
    const logId = `${id}/log`
    let clock = Date.UTC(2024, 0, 1) + random.below(700 * 24 * 60) * MINUTE
    const own = turns.map((turn, number): TruthMessage => {
      const told = turn.timestamp === undefined ? Number.NaN : Date.parse(turn.timestamp)
      clock += random.below(3) * MINUTE
      const messageId = logNumber % 5 === 4 ? `turn${number}` : turn.id
      return { logId, logNumber, number, id: messageId, content: turn.content, timestamp: Number.isNaN(told) ? clock : told, senderId: turn.senderId, type: turn.type, sessionId: id, participants }
    })
    messages.push(...own)
    inputs.push({
      session: { id, chatLogId: logId, participants, createdAt: own[0]?.timestamp ?? clock, ...(title !== undefined && { title }) },
      messages: own.map(({ id: messageId, senderId, type, content, timestamp }) => ({ id: messageId, senderId, type, content, timestamp })),
    })
  }
  return { conversations: inputs, messages }
}

/** Made-up English and the texts of the table in all their scripts, with what is odd about real messages. */
export function generatedSample(seed: number, messages: number): Sample {
  const random = seededRandom(seed)
  const made = [...generateConversations({ seed, conversations: Math.ceil(messages / 22), messages })]
  const odd = ['', '   ', 'same again', 'same again', 'words all along the way '.repeat(200), LONG, '👍👍👍', 'İstanbul '.repeat(40), 'x'.repeat(300)]
  const texts = [...Object.values(TABLE).map((rows) => [...new Set(rows.map(([text]) => text))]), odd]
  const table = texts.map((contents, i): CorpusConversation => {
    const participants = [['ada', 'guide'], ['person_1', 'ada', 'bob'], []][i % 3]!
    const turns = contents.map((content, turn) => ({ id: `t${turn}`, senderId: random.pick(['ada', 'guide', 'bob']), type: random.pick(['user', 'assistant', 'system'] as const), content }))
    return { id: `table ${i}`, source: 'table', lang: 'mul', participants, messages: turns }
  })
  return sampleOf([...made, ...table], random)
}

/** Words of which the first are in most messages and the last in few: enough messages for what is only done in long lists. */
export function shortMessages(seed: number, messages: number): Sample {
  const random = seededRandom(seed)
  const word = (): string => `w${Math.floor(Math.exp(random.next() * Math.log(300))).toString(36)}`
  const conversations = Array.from({ length: messages / 20 }, (_, i): CorpusConversation => {
    const turns = Array.from({ length: 20 }, (__, turn) => ({ id: `s${turn}`, senderId: random.pick(['ada', 'guide']), type: random.pick(['user', 'assistant'] as const), content: Array.from({ length: 1 + random.below(random.pick([3, 30])) }, word).join(' ') }))
    return { id: `short ${i}`, source: 'short', lang: 'none', participants: ['ada', 'guide'], messages: turns }
  })
  return sampleOf(conversations, random)
}

/** Loads a sample and folds it; `pending` conversations at its end are appended afterwards and stay in the log. */
export async function fillVault(open: UnlockedVault, { conversations }: Sample, pending = 0): Promise<void> {
  const folded = conversations.length - pending
  const { refused } = await open.load(conversations.slice(0, folded))
  if (refused.length > 0) throw new Error(`${refused.length} conversations were refused`, { cause: refused[0]!.error })
  await open.checkpoint()
  for (const { session, messages } of conversations.slice(folded)) {
    await open.sessions.create(session)
    await open.chatLogs.append(session.chatLogId as string, messages)
  }
}
