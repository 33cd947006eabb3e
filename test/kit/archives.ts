// What tests of archives share: bytes of streams, and records as another program reads them, in the shape of the plain JSON.

import { openArchive } from '../../tools/open-archive.mjs'

export async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())
}

export async function jsonOf(stream: ReadableStream<Uint8Array>): Promise<JsonExport> {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await bytesOf(stream))) as JsonExport
}

type Fields = Record<string, unknown>

/** The plain JSON of a vault. */
export interface JsonExport {
  readonly version: number
  readonly exportedAt?: number
  readonly sessions: readonly Fields[]
  readonly chatLogs: readonly (Fields & { readonly messages: readonly Fields[] })[]
  readonly brains: readonly Fields[]
  readonly preferences: readonly Fields[]
}

/** A line as the stand-alone reader gives it. */
export interface ToolRecord extends Fields {
  readonly kind: string
  readonly id: string
  readonly value: Fields
}

/** Everything the stand-alone reader gives. @throws its ArchiveError */
export async function readWithTool(bytes: Uint8Array, secret: string, options: { readonly recoveryCode?: boolean } = {}): Promise<ToolRecord[]> {
  const records: ToolRecord[] = []
  const source = (async function* pieces() {
    // Odd pieces: a reader must not depend on how a file is cut.
    for (let at = 0, length = 1; at < bytes.length; at += length, length = Math.min(100_000, length * 3 + 1)) yield bytes.subarray(at, at + length)
  })()
  for await (const record of openArchive(source, secret, options)) records.push(record as ToolRecord)
  return records
}

/** What the stand-alone reader gave, in the shape of the plain JSON, but for its time. */
export function asJson(records: readonly ToolRecord[]): JsonExport {
  const sessions: Fields[] = []
  const chatLogs: (Fields & { messages: Fields[] })[] = []
  const brains: Fields[] = []
  const preferences: Fields[] = []
  for (const { kind, id, number, rev, modifiedAt, value } of records) {
    const stamp = { rev, modifiedAt }
    if (kind === 'session') sessions.push({ id, ...value, ...stamp })
    if (kind === 'chatLog') chatLogs.push({ id, ...value, ...stamp, messages: [] })
    if (kind === 'message') chatLogs.at(-1)!.messages.push({ number, ...value, ...stamp })
    if (kind === 'brain') brains.push({ entityId: id, ...value, ...stamp })
    if (kind === 'preference') preferences.push({ key: id, value, ...stamp })
  }
  return { version: 1, sessions, chatLogs, brains, preferences }
}

/** The plain JSON without its time. */
export function timeless(json: JsonExport): JsonExport {
  const { version, sessions, chatLogs, brains, preferences } = json
  return { version, sessions, chatLogs, brains, preferences }
}
