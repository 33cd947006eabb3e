// Makes segments of messages: for the checkpoint that folds them, of what a load brought, for an index made anew.

import { VaultError } from '../../../errors.js'
import type { Access } from '../../core/access.js'
import { randomStem } from '../../core/blobs.js'
import { BlockWriter } from '../../core/blocks.js'
import type { Codec, LabelledRow } from '../../core/codec.js'
import type { FoldedMessages, MadeSegment } from '../../core/index-port.js'
import { fieldsOf, type Body } from '../../core/log-row.js'
import { SuspectPage } from '../../core/pages.js'
import type { Slices } from '../../core/slices.js'
import { contentOf } from '../../records/message-content.js'
import { SegmentBuilder } from '../segments/segment-builder.js'
import { SegmentWriter, type WrittenSegment } from '../segments/segment-writer.js'

export interface IndexMakerPorts {
  readonly codec: Codec
  readonly access: Pick<Access, 'longText'>
}

const MESSAGES_AT_ONCE = 20_000
/** Twelve bytes each while they are gathered, twice that when they are sorted. */
const PLACES_AT_ONCE = 1_000_000

/** Messages on their way into one segment. */
export class Gathering {
  readonly #ports: IndexMakerPorts
  readonly #builder: SegmentBuilder
  readonly #slices: Slices

  constructor(ports: IndexMakerPorts, slices: Slices) {
    this.#ports = ports
    this.#slices = slices
    this.#builder = new SegmentBuilder(slices)
  }

  /** Enough for one segment: more would take much memory at once. */
  get isFull(): boolean {
    return this.#builder.messages >= MESSAGES_AT_ONCE || this.#builder.places >= PLACES_AT_ONCE
  }

  get isEmpty(): boolean {
    return this.#builder.isEmpty
  }

  async add(stem: string, logOrder: number, number: number, body: Body | null): Promise<void> {
    if (body === null) {
      this.#builder.addGone(stem, logOrder, number)
      return
    }
    const fields = fieldsOf(body) as { readonly id: string; readonly senderId: string; readonly type: string; readonly timestamp: number }
    const content = await this.#readable(body)
    await this.#builder.add({ stem, logOrder, number, id: fields.id, senderId: fields.senderId, type: fields.type, timestamp: fields.timestamp, content })
    await this.#slices.breathe()
  }

  /** Of a long content whose rows are damaged, what its page still shows: nothing may keep the log from being folded. */
  async #readable(body: Body): Promise<string> {
    try {
      return await contentOf(this.#ports.access, body)
    } catch (error) {
      if (!isDamage(error)) throw error
      return fieldsOf(body)['content'] as string
    }
  }

  /** Writes the segment of everything gathered. */
  async write(): Promise<{ readonly written: WrittenSegment; readonly rows: LabelledRow[] }> {
    const file = new BlockWriter(this.#ports.codec, randomStem())
    const writer = await this.#builder.write((table, gone) => SegmentWriter.open(file, table, gone, this.#slices))
    const written = await writer.finish(this.#slices)
    return { written, rows: await file.take() }
  }
}

export function isDamage(error: unknown): boolean {
  return error instanceof SuspectPage || (error instanceof VaultError && error.code === 'corrupt')
}

export async function foldSegment(ports: IndexMakerPorts, changed: readonly FoldedMessages[], order: number, slices: Slices): Promise<MadeSegment | undefined> {
  const gathering = new Gathering(ports, slices)
  for (const { stem, logNumber, bodies } of changed) for (const { number, body } of bodies) await gathering.add(stem, logNumber, number, body)
  if (gathering.isEmpty) return undefined
  const { written, rows } = await gathering.write()
  return { segment: { ...written, order }, rows }
}
