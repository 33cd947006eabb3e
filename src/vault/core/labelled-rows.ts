// Rows by what they hold, for while keys are changed the same row may lie under the label of either epoch. Implements docs/format.md, section 7.

import type { Epoch, Label, SealedBytes } from '../../brand.js'
import type { Backend, ReadRequest } from '../../stores/backend.js'
import type { Codec, LabelledStore } from './codec.js'

export interface LabelledValue {
  /** The epoch of the label; that of the envelope, unless that is damaged. */
  readonly epoch: Epoch
  readonly label: Label
  readonly value: SealedBytes
}

/** Rows by stem and page, under whichever epoch's label they lie, from one state of the store. */
export async function readLabelled(
  backend: Backend,
  codec: Codec,
  store: LabelledStore,
  wanted: readonly { readonly stem: string; readonly page: number }[],
): Promise<(LabelledValue | undefined)[]> {
  const names = wanted.map(({ stem, page }) => codec.names(store, stem, page))
  const requests: ReadRequest[] = names.flatMap((all) => all.map(({ label }) => ({ kind: 'get', store, key: label }) as const))
  const answers = (await backend.read(requests)) as (SealedBytes | undefined)[]
  let at = 0
  return names.map((all) => {
    let found: LabelledValue | undefined
    for (const { epoch, label } of all) {
      const value = answers[at++]
      if (value !== undefined) found ??= { epoch, label, value }
    }
    return found
  })
}
