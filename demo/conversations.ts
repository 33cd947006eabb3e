// Reads a file of conversations as a stream: one JSON object a line (.ndjson), or one JSON array, gzipped or not.
// What the file is shows in its bytes, not in its name. At no time is more than one conversation in memory as text.

import type { ConversationInput, MessageInput } from 'sealed-vault'
import { RecordSplitter } from './records.js'

/** A part of the file that is no conversation. It is left out; the rest is read. */
export interface BadRecord {
  /** "line 12" or "entry 12". */
  readonly place: string
  readonly reason: string
}

const PIECE_BYTES = 128 * 1024

class NoConversation extends Error {}

export class ConversationFile {
  readonly #file: File
  readonly #onRead: (bytes: number) => void
  /** Where each conversation that was handed out came from, in their order. */
  readonly #places: string[] = []
  readonly bad: BadRecord[] = []
  /** Time spent on reading, unpacking and parsing alone. */
  readingMs = 0

  /** `onRead` is told how many bytes of the file were read so far. */
  constructor(file: File, onRead: (bytes: number) => void) {
    this.#file = file
    this.#onRead = onRead
  }

  placeOf(index: number): string {
    return this.#places[index] ?? `conversation ${index + 1}`
  }

  /** @throws {Error} when the file ends too early or cannot be unpacked */
  async *conversations(): AsyncGenerator<ConversationInput, void, undefined> {
    const inner = this.#read()
    try {
      for (;;) {
        const started = performance.now()
        const step = await inner.next()
        this.readingMs += performance.now() - started
        if (step.done === true) return
        yield step.value
      }
    } finally {
      await inner.return()
    }
  }

  async *#read(): AsyncGenerator<ConversationInput, void, undefined> {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    const splitter = new RecordSplitter()
    for await (const chunk of this.#chunks()) yield* this.#parse(decoder, splitter.push(chunk))
    yield* this.#parse(decoder, splitter.end())
  }

  *#parse(decoder: TextDecoder, records: Iterable<{ readonly place: string; readonly bytes: Uint8Array }>): Generator<ConversationInput, void, undefined> {
    for (const { place, bytes } of records) {
      try {
        const conversation = toConversation(parseJson(decoder, bytes))
        this.#places.push(place)
        yield conversation
      } catch (error) {
        if (!(error instanceof NoConversation)) throw error
        this.bad.push({ place, reason: error.message })
      }
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const start = new Uint8Array(await this.#file.slice(0, 2).arrayBuffer())
    const isGzip = start[0] === 0x1f && start[1] === 0x8b
    const pieces = this.#pieces()
    const reader = (isGzip ? pieces.pipeThrough(new DecompressionStream('gzip')) : pieces).getReader()
    try {
      for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value
    } finally {
      // Nobody waits for this: a stream that failed already says so again.
      reader.cancel().catch(() => undefined)
    }
  }

  /** The file in small pieces, each read when it is asked for: a stream of the browser's own may run megabytes ahead. */
  #pieces(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let read = 0
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          if (read >= this.#file.size) return controller.close()
          const piece = new Uint8Array(await this.#file.slice(read, read + PIECE_BYTES).arrayBuffer())
          read += piece.length
          this.#onRead(read)
          controller.enqueue(piece)
        },
      },
      { highWaterMark: 0 },
    )
  }
}

function parseJson(decoder: TextDecoder, bytes: Uint8Array): unknown {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    throw new NoConversation('its text is not UTF-8')
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new NoConversation('it is not JSON')
  }
}

/** Only what the mapping needs is looked at here: the vault checks every field and refuses what it cannot keep. */
function toConversation(value: unknown): ConversationInput {
  if (!isObject(value)) throw new NoConversation('it is not a conversation')
  const { id, source, lang, title, participants, messages } = value
  // Without an id the vault would take it for a new one each time the file is loaded.
  if (typeof id !== 'string' || id === '') throw new NoConversation('it has no id')
  if (!Array.isArray(messages)) throw new NoConversation('it has no list of messages')
  const converted = messages.map(toMessage)
  const createdAt = converted.find(({ timestamp }) => timestamp !== undefined)?.timestamp
  const keywords = [source, lang].filter((keyword) => keyword !== undefined)
  return { session: { id, title, participants, keywords, createdAt }, messages: converted } as unknown as ConversationInput
}

function toMessage(value: unknown, index: number): MessageInput {
  if (!isObject(value)) throw new NoConversation(`its message ${index + 1} is not an object`)
  const { id, senderId, type, content, timestamp } = value
  const time = typeof timestamp === 'string' ? Date.parse(timestamp) : undefined
  if ((timestamp !== undefined && time === undefined) || Number.isNaN(time)) throw new NoConversation(`its message ${index + 1} has a time that cannot be read`)
  return { id, senderId, type, content, timestamp: time } as unknown as MessageInput
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
