// Bits and bytes of a segment's lists: most significant bit first, gaps as Rice codes, counts as Elias gamma codes.
// Implements docs/format.md, section 12.

import { malformed } from './malformed.js'

/** Bytes a reader may look past the end of what it was given: whoever hands it bytes leaves that much room. */
export const SLACK = 8

/** Bytes that grow at their end. */
export class ByteSink {
  #bytes = new Uint8Array(256)
  #length = 0
  /** Bits that fill no byte yet, and how many. */
  #waiting = 0
  #bits = 0

  get length(): number {
    return this.#length
  }

  #room(more: number): void {
    if (this.#length + more > this.#bytes.length) this.#grow(more)
  }

  #grow(more: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }

  byte(value: number): void {
    this.#room(1)
    this.#bytes[this.#length++] = value
  }

  bytes(values: Uint8Array): void {
    this.#room(values.length)
    this.#bytes.set(values, this.#length)
    this.#length += values.length
  }

  /** Seven bits a byte, the lowest first; the highest bit says that more follow. Whole numbers up to 2^53. */
  varint(value: number): void {
    this.#room(8)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
  }

  /** @param width 0 to 32 */
  bits(value: number, width: number): void {
    if (width > 24) {
      this.bits(value >>> 24, width - 24)
      this.bits(value & 0xffffff, 24)
      return
    }
    this.#room(4)
    // At most seven bits wait, so all of them fit.
    this.#waiting = (this.#waiting << width) | value
    let bits = this.#bits + width
    while (bits >= 8) {
      bits -= 8
      this.#bytes[this.#length++] = this.#waiting >>> bits
    }
    this.#bits = bits
  }

  /** As many ones as the quotient by 2^k says, a zero, the k bits of the rest (R. F. Rice, 1979). */
  rice(value: number, k: number): void {
    let ones = value >>> k
    const rest = k === 0 ? 0 : value & (0xffffffff >>> (32 - k))
    if (ones + 1 + k <= 24) {
      this.bits((((1 << ones) - 1) << (k + 1)) | rest, ones + 1 + k)
      return
    }
    for (; ones >= 24; ones -= 24) this.bits(0xffffff, 24)
    this.bits(((1 << ones) - 1) << 1, ones + 1)
    this.bits(rest >>> 0, k)
  }

  /** Zeros, one fewer than the value has bits, then the value: 1 takes one bit (P. Elias, 1975). */
  gamma(value: number): void {
    const width = 31 - Math.clz32(value)
    if (width <= 11) {
      this.bits(value, 2 * width + 1)
      return
    }
    this.bits(0, width)
    this.bits(value, width + 1)
  }

  /** A number of up to 53 bits: the part above 2^k as a gamma code, then the k bits below (exponential Golomb code, J. Teuhola, 1978). */
  exponential(value: number, k: number): void {
    const high = Math.floor(value / 2 ** k)
    this.gamma(high + 1)
    this.bits(value - high * 2 ** k, k)
  }

  /** What follows begins with a byte of its own. */
  align(): void {
    if (this.#bits > 0) this.bits(0, 8 - this.#bits)
  }

  /** A view, until more is added. Bits that fill no byte are not in it. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Forgets what came after this many bytes. */
  truncate(length: number): void {
    this.#length = length
    this.#bits = 0
    this.#waiting = 0
  }
}

/** The Rice parameter for numbers of this sum: their mean is about 2^k. */
export function riceParameter(sum: number, count: number): number {
  const mean = sum / count
  return mean < 1 ? 0 : Math.min(31, Math.floor(Math.log2(mean)))
}

/** Reads bits. The bytes need SLACK bytes of room behind what is read. */
export class BitReader {
  readonly #bytes: Uint8Array
  /** In bits from the beginning of the bytes. */
  at: number

  constructor(bytes: Uint8Array, atByte: number) {
    this.#bytes = bytes
    this.at = atByte * 8
  }

  /** The next 32 bits, without going on. */
  #peek(): number {
    const bytes = this.#bytes
    const i = this.at >>> 3
    const shift = this.at & 7
    const word = (bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!
    return shift === 0 ? word : (word << shift) | (bytes[i + 4]! >>> (8 - shift))
  }

  bits(width: number): number {
    if (width === 0) return 0
    const value = this.#peek() >>> (32 - width)
    this.at += width
    return value
  }

  /** @throws {SuspectPage} */
  rice(k: number): number {
    let ones = 0
    for (;;) {
      const run = Math.clz32(~this.#peek())
      if (run < 32) {
        ones += run
        this.at += run + 1
        break
      }
      if ((this.at >>> 3) > this.#bytes.length) throw malformed()
      ones += 32
      this.at += 32
    }
    return ((ones << k) | this.bits(k)) >>> 0
  }

  exponential(k: number): number {
    const high = this.gamma() - 1
    return high * 2 ** k + this.bits(k)
  }

  gamma(): number {
    const zeros = Math.clz32(this.#peek())
    this.at += zeros
    return this.bits(zeros + 1)
  }
}

/** Reads whole bytes. */
export class ByteReader {
  readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  /** @throws {SuspectPage} where it has no end */
  varint(): number {
    let value = this.bytes[this.at++]!
    if (value < 0x80) return value
    value -= 0x80
    for (let unit = 0x80; ; unit *= 0x80) {
      if (this.at >= this.bytes.length) throw malformed()
      const next = this.bytes[this.at++]!
      value += (next & 0x7f) * unit
      if (next < 0x80) return value
    }
  }
}
