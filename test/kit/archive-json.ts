// Records as another program reads them, in the shape of the plain JSON. Runs in every engine.

type Fields = Record<string, unknown>

/** The plain JSON of a vault. */
export interface JsonExport {
  readonly version: number
  readonly exportedAt?: number
  readonly sessions: readonly Fields[]
  readonly chatLogs: readonly (Fields & { readonly messages: readonly Fields[] })[]
  readonly brains: readonly Fields[]
  readonly preferences: readonly Fields[]
  readonly collections: Readonly<Record<string, readonly Fields[]>>
}

/** A line as the stand-alone reader gives it. */
export interface ToolRecord extends Fields {
  readonly kind: string
  readonly id: string
  readonly value: Fields
}

/** What the stand-alone reader gave, in the shape of the plain JSON, but for its time. */
export function asJson(records: readonly ToolRecord[]): JsonExport {
  const sessions: Fields[] = []
  const chatLogs: (Fields & { messages: Fields[] })[] = []
  const brains: Fields[] = []
  const preferences: Fields[] = []
  const collections = new Map<string, Fields[]>()
  for (const { kind, collection, id, modifiedAt, value } of records) {
    const stamp = { modifiedAt }
    if (kind === 'session') sessions.push({ id, ...value, ...stamp })
    if (kind === 'chatLog') chatLogs.push({ id, ...value, ...stamp, messages: [] })
    if (kind === 'message') chatLogs.at(-1)!.messages.push({ ...value, ...stamp })
    if (kind === 'brain') brains.push({ entityId: id, ...value, ...stamp })
    if (kind === 'preference') preferences.push({ key: id, value, ...stamp })
    if (kind === 'item') collections.set(collection as string, [...(collections.get(collection as string) ?? []), { id, ...value, ...stamp }])
  }
  return { version: 1, sessions, chatLogs, brains, preferences, collections: Object.fromEntries(collections) }
}

/** The plain JSON without its time. */
export function timeless(json: JsonExport): JsonExport {
  const { version, sessions, chatLogs, brains, preferences, collections } = json
  return { version, sessions, chatLogs, brains, preferences, collections }
}

export async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())
}

export async function jsonOf(stream: ReadableStream<Uint8Array>): Promise<JsonExport> {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await bytesOf(stream))) as JsonExport
}
