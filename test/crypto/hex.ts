// Hex text of vectors and literals, and bytes that are easy to tell apart.

import type { Brand, Bytes } from '../../src/brand.ts'

export function fromHex(hex: string): Bytes {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** `length` bytes that count up from `first`, as whatever kind of bytes a test needs. */
export function counting<Kind extends Bytes = Bytes>(length: number, first = 0): Kind {
  return Uint8Array.from({ length }, (_, i) => first + i) as Bytes as Kind
}

/** The bytes with one bit of one of them changed. */
export function flipped<Kind extends Bytes | Brand<Bytes, string>>(bytes: Kind, at: number): Kind {
  const copy = bytes.slice()
  copy[at] = (copy[at] as number) ^ 0x01
  return copy as Kind
}
