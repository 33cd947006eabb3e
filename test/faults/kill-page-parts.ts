// What the pages to be killed share: the vault, what they tell, and the conversations.

import type { ConversationInput, UnlockedVault } from '../../src/index.js'
import { type CorpusOptions, generateConversations } from '../kit/corpus.js'

export const NAME = 'killed'
export const PASSWORD = 'a password that outlives its browser'
const FIRST_DAY = Date.UTC(2024, 0, 1)

/** What the page has been promised so far. */
export interface Told {
  readonly run: number
  readonly phase: 'ready' | 'loading' | 'loaded'
  /** Conversations of the bulk load that are saved. */
  readonly conversations: number
  /** Single appends that are saved. */
  readonly appended: number
}

/** Tells the harness, with one request on the way at a time: what is acknowledged meanwhile goes with the next. */
export class Teller {
  #news: Told
  #unsent = false
  #sending: Promise<void> | undefined

  constructor(run: number) {
    this.#news = { run, phase: 'ready', conversations: 0, appended: 0 }
  }

  tell(news: Partial<Told>): void {
    this.#news = { ...this.#news, ...news }
    this.#unsent = true
    this.#sending ??= this.#send().finally(() => (this.#sending = undefined))
  }

  /** Resolves when everything has arrived. */
  async arrived(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending
  }

  async #send(): Promise<void> {
    while (this.#unsent) {
      this.#unsent = false
      await fetch('/told', { method: 'POST', body: JSON.stringify(this.#news), keepalive: true })
    }
  }
}

export function conversationsOf(corpus: CorpusOptions): ConversationInput[] {
  return Array.from(generateConversations(corpus), ({ id, participants, messages }, day) => ({
    session: { id, chatLogId: `${id}/log`, participants: [...participants], createdAt: FIRST_DAY },
    messages: messages.map((message, turn) => ({ id: message.id, senderId: message.senderId, type: message.type, content: message.content, timestamp: FIRST_DAY + day * 86_400_000 + turn * 1000 })),
  }))
}

/** Of the plain JSON of everything, but for its time. */
export async function digestOf(open: UnlockedVault): Promise<string> {
  const text = await new Response((await open.exportJson({ unprotected: true })) as ReadableStream<Uint8Array<ArrayBuffer>>).text()
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text.slice(text.indexOf('"chatLogs"'))))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
