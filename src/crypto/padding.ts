// How long a frame becomes before it is sealed, so that a row's size says little: docs/format.md, sections 1 and 2.

const KIB = 1024
const LOG_STEP = KIB
const MANIFEST_STEP = 4 * KIB
const PAGE_SIZES = [4 * KIB, 8 * KIB, 16 * KIB, 24 * KIB, 32 * KIB]
const BLOCK_BYTES = 16 * KIB
const MARK_BYTES = 1

/** The rules of the table of stores. */
export type PaddingRule = 'log' | 'page' | 'manifest' | 'key-ring' | 'block' | 'mark'

/**
 * Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PoPETs 2019,
 * algorithm 1): a length of E = floor(log2 n) bits keeps no more than its leading floor(log2 E) + 1 bits besides the
 * first, so only O(log log n) bits of it show and at most 12 % is added.
 * @param n bytes, a safe integer; 0 and 1 stay what they are
 */
export function padme(n: number): number {
  checkLength(n)
  if (n < 2) return n
  const exponent = floorLog2(n)
  const step = 2 ** (exponent - (floorLog2(exponent) + 1))
  return Math.ceil(n / step) * step
}

/**
 * The length that a frame of `length` bytes is filled up to.
 * @throws {RangeError} when `length` is no length, or above the one size of `block` and `mark`
 */
export function paddedLength(rule: PaddingRule, length: number): number {
  checkLength(length)
  switch (rule) {
    case 'log':
    case 'key-ring':
      return toStep(length, LOG_STEP)
    case 'manifest':
      return toStep(length, MANIFEST_STEP)
    case 'page':
      return PAGE_SIZES.find((size) => length <= size) ?? padme(length)
    case 'block':
      return fixed(length, BLOCK_BYTES)
    case 'mark':
      return fixed(length, MARK_BYTES)
  }
}

function toStep(length: number, step: number): number {
  return Math.max(1, Math.ceil(length / step)) * step
}

function fixed(length: number, size: number): number {
  if (length > size) throw new RangeError(`${length} bytes do not fit into a row of ${size}`)
  return size
}

/** Exact for every safe integer from 1, where Math.log2 may round across a power of two. */
function floorLog2(n: number): number {
  const high = Math.floor(n / 2 ** 32)
  return high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(n)
}

function checkLength(n: number): void {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`expected a length in bytes, got ${n}`)
}
