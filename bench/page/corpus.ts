// The conversations under test, parsed before anything is timed. Every subject gets the same objects.

export interface Message {
  readonly id: string
  readonly senderId: string
  readonly type: 'user' | 'assistant' | 'system'
  readonly content: string
  readonly timestamp: number
}

export interface Conversation {
  readonly id: string
  readonly title?: string
  readonly participants: readonly string[]
  readonly createdAt: number
  readonly messages: readonly Message[]
}

/** A message as a subject gives it back; what else a subject knows of it is not compared. */
export interface StoredMessage extends Message {
  readonly chatLogId: string
}

let loaded: Promise<readonly Conversation[]> | undefined

export function corpus(): Promise<readonly Conversation[]> {
  loaded ??= fetchCorpus()
  return loaded
}

async function fetchCorpus(): Promise<readonly Conversation[]> {
  const response = await fetch('/corpus.ndjson')
  if (!response.ok) throw new Error(`the corpus did not come: ${response.status}`)
  const lines = (await response.text()).split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Conversation)
}

/** The same, one after the other and never all: for what would not fit into a page. */
export async function* streamedCorpus(): AsyncGenerator<Conversation, void, undefined> {
  const response = await fetch('/corpus.ndjson')
  if (!response.ok || response.body === null) throw new Error(`the corpus did not come: ${response.status}`)
  const reader = response.body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line) as Conversation
  }
}

/** Count and hash of messages, whatever their order. */
export class Digest {
  messages = 0
  #high = 0
  #low = 0

  add({ id, chatLogId, senderId, type, content, timestamp }: StoredMessage): void {
    const text = JSON.stringify([chatLogId, id, senderId, type, content, timestamp])
    let a = 0x811c9dc5
    let b = 0x9e3779b9
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      a = Math.imul(a ^ unit, 0x01000193)
      b = Math.imul(b ^ unit, 0x85ebca6b) + i
    }
    this.#high = (this.#high + (a >>> 0)) % 2 ** 32
    this.#low = (this.#low + (b >>> 0)) % 2 ** 32
    this.messages++
  }

  toString(): string {
    return `${this.messages} messages, ${this.#high.toString(16)}-${this.#low.toString(16)}`
  }
}

export function digestOf(messages: Iterable<StoredMessage>): string {
  const digest = new Digest()
  for (const message of messages) digest.add(message)
  return digest.toString()
}

/** What every subject must hold after the load. */
export function digestOfCorpus(conversations: readonly Conversation[]): string {
  const digest = new Digest()
  for (const { id, messages } of conversations) for (const message of messages) digest.add({ ...message, chatLogId: id })
  return digest.toString()
}
