// How long a message is, in one byte: for ranking, which needs no more. Implements docs/format.md, section 12, "lengths".

/** Lengths are kept as one byte: exact below 16 UTF-16 units, then eight steps for every doubling. */
export function encodeLength(units: number): number {
  if (units < 16) return units
  const shift = 28 - Math.clz32(units)
  return 16 + (shift - 1) * 8 + ((units >>> shift) & 7)
}

export function decodeLength(code: number): number {
  return code < 16 ? code : (8 + ((code - 16) & 7)) << (((code - 16) >> 3) + 1)
}
