// What is kept beside the database, in every second home there is: the canary, a lower bound of what the vault holds, and
// copies of the header. Strings and finished bytes only; what they mean and whether they are genuine, the vault decides.
// Implements docs/format.md, section 10.

import type { Bytes } from '../brand.js'
import { base64ToBytes, bytesToBase64 } from './base64.js'
import type { SecondHome } from './second-home.js'

export interface Canary {
  readonly v: number
  readonly vaultId: string
  readonly seq: number
  readonly tag: string
  readonly mac: string
}

type Homes = readonly SecondHome[]

const canaryKey = (name: string): string => `sealed-vault/${name}/canary`
const headerKey = (name: string, revision: number): string => `sealed-vault/${name}/header/${revision % 2}`

function parseCanary(text: string | undefined): Canary | undefined {
  try {
    const { v, vaultId, seq, tag, mac } = JSON.parse(text ?? '') as Record<keyof Canary, unknown>
    const whole = [v, seq].every((number) => Number.isSafeInteger(number) && (number as number) >= 0)
    if (!whole || ![vaultId, tag, mac].every((part) => typeof part === 'string')) return undefined
    return { v, vaultId, seq, tag, mac } as Canary
  } catch {
    return undefined
  }
}

/** The canaries of all homes, in their order; homes without a readable one are left out. Nothing here is verified. */
export async function readCanaries(homes: Homes, name: string): Promise<Canary[]> {
  const texts = await Promise.all(homes.map((home) => home.read(canaryKey(name))))
  return texts.map(parseCanary).filter((canary) => canary !== undefined)
}

/**
 * Writes the canary to every home, and says how many took it.
 * In each home it is only raised: one with a higher seq, of another commit with the same, or of another vault, stays, unless `force` (for a vault just made, or after a loss was reported).
 * Two tabs that write at the same moment may leave the lower of the two; a lower bound it is all the same.
 */
export async function writeCanary(homes: Homes, name: string, canary: Canary, options: { readonly force?: boolean } = {}): Promise<number> {
  const { v, vaultId, seq, tag, mac } = canary
  const text = JSON.stringify({ v, vaultId, seq, tag, mac })
  const written = await Promise.all(
    homes.map(async (home) => {
      const present = options.force ? undefined : parseCanary(await home.read(canaryKey(name)))
      // One of another vault belongs to whoever has made that one since; another commit of the same number is one that was lost.
      if (present !== undefined && (present.vaultId !== vaultId || present.seq > seq || (present.seq === seq && present.tag !== tag))) return true
      return home.write(canaryKey(name), text)
    }),
  )
  return written.filter(Boolean).length
}

/** Removes the canary from every home. */
export async function removeCanary(homes: Homes, name: string): Promise<void> {
  await Promise.all(homes.map((home) => home.remove(canaryKey(name))))
}

/** Copies a header to the slot of its revision in every home, and says how many took it. The slot of the revision before stays. */
export async function writeHeaderMirror(homes: Homes, name: string, revision: number, header: Uint8Array): Promise<number> {
  const text = bytesToBase64(header)
  const written = await Promise.all(homes.map((home) => home.write(headerKey(name, revision), text)))
  return written.filter(Boolean).length
}

/** Every different copy of a header that can be read, in no order that means anything. Nothing here is verified. */
export async function readHeaderMirrors(homes: Homes, name: string): Promise<Bytes[]> {
  const texts = await Promise.all(homes.flatMap((home) => [0, 1].map((slot) => home.read(headerKey(name, slot)))))
  const different = [...new Set(texts.filter((text) => text !== undefined && text !== ''))]
  return different.map((text) => base64ToBytes(text as string)).filter((bytes) => bytes !== undefined)
}

/** Removes the slot of this revision from every home. */
export async function removeHeaderMirror(homes: Homes, name: string, revision: number): Promise<void> {
  await Promise.all(homes.map((home) => home.remove(headerKey(name, revision))))
}
