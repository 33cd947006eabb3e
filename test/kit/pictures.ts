// Bytes as no camera makes them, but as hard to compress as those of any: pseudo-random ones, as base64.

import { seededRandom } from './random.js'

/** The same text for the same length and seed; in Node and in browsers. */
export function noise(bytes: number, alphabet: 'base64' | 'base64url', seed = bytes): string {
  const random = seededRandom(seed)
  let text = ''
  for (let at = 0; at < bytes; at += 30_000) {
    const part = Uint8Array.from({ length: Math.min(30_000, bytes - at) }, () => random.below(256))
    text += btoa(String.fromCharCode(...part))
  }
  return alphabet === 'base64' ? text : text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
