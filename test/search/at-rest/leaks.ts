// Index rows that do tell: laid into a recording as if the vault had written them with its checkpoints, to see that they are found.

import { deflateRawSync } from 'node:zlib'
import { termsOf, type History } from './corpora.js'
import type { Recording, SeenOperation, Step } from './recorder.js'

/** A sealed block: 16 KiB and its envelope. */
export const BLOCK = 16_384 + 35

/** One block more than otherwise, once: at the checkpoint in the middle. */
export function oneBlockMore(recording: Recording, history: History): Recording {
  return withBlocks(recording, (checkpoint) => (checkpoint === history.length >> 1 ? [BLOCK] : []))
}

/** As many blocks as there are distinct words so far, eight to one. */
export function blocksByTerms(recording: Recording, history: History): Recording {
  const terms = new Set<string>()
  let blocks = 0
  return withBlocks(recording, (checkpoint) => {
    for (const term of termsOf(history[checkpoint]!.content)) terms.add(term)
    const more = Math.ceil(terms.size / 8) - blocks
    blocks += more
    return Array.from({ length: more }, () => BLOCK)
  })
}

/** The same rows in another order, once: the manifest before what it names. */
export function otherOrder(recording: Recording, history: History): Recording {
  const middle = 2 * (history.length >> 1)
  return recording.map((step, at) => (at === middle ? { ...step, batches: step.batches.map((batch) => ({ ...batch, operations: [...batch.operations].sort((a, b) => Number(b.store === 'manifest') - Number(a.store === 'manifest')) })) } : step))
}

/** One block each time, packed and not padded. */
export function blocksUnpadded(recording: Recording, history: History): Recording {
  return withBlocks(recording, (checkpoint) => [35 + deflateRawSync(history[checkpoint]!.content).length])
}

/** The recording of a vault whose n-th checkpoint writes blocks of these lengths besides, in its own transaction. */
function withBlocks(recording: Recording, lengthsOf: (checkpoint: number) => readonly number[]): Recording {
  let checkpoint = 0
  let [rows, bytes] = [0, 0]
  return recording.map((step): Step => {
    const lengths = step.what === 'checkpoint' ? lengthsOf(checkpoint++) : []
    const added = lengths.map((length, i): SeenOperation => ({ kind: 'new', store: 'blocks', row: 1e6 + rows + i, length, rank: 0.5 }))
    rows += lengths.length
    bytes += lengths.reduce((a, b) => a + b, 0)
    const { blocks } = step.stores
    return {
      ...step,
      batches: step.batches.map((batch) => (batch.operations.some(({ store }) => store === 'manifest') ? { ...batch, operations: [...added, ...batch.operations] } : batch)),
      stores: { ...step.stores, blocks: { rows: blocks.rows + rows, bytes: blocks.bytes + bytes } },
    }
  })
}
