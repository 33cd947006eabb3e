// @ts-check
/// <reference types="node" />
// How a text may lie on disk in the clear: the ways engines and databases are known to write strings.

/** @typedef {{ secret: string, encoding: string, bytes: Buffer }} Pattern */

/** Below this a pattern is found in any file by chance. */
export const shortest = 4

/** @type {Record<string, (text: string) => Buffer | undefined>} */
const encodings = {
  'UTF-8': (text) => Buffer.from(text, 'utf8'),
  'UTF-16LE': (text) => Buffer.from(text, 'utf16le'),
  'UTF-16BE': (text) => Buffer.from(text, 'utf16le').swap16(),
  // Both V8 and SpiderMonkey keep strings so while every character fits.
  'Latin-1': (text) => (/^[\0-\xff]*$/.test(text) ? Buffer.from(text, 'latin1') : undefined),
  'doubled bytes': (text) => interleave(Buffer.from(text, 'utf8'), (byte) => byte),
  'bytes with zeros': (text) => interleave(Buffer.from(text, 'utf8'), () => 0),
  'IndexedDB key of Firefox': keyOfFirefox,
}

/** @param {Buffer} bytes @param {(byte: number) => number} second */
function interleave(bytes, second) {
  return Buffer.from([...bytes].flatMap((byte) => [byte, second(byte)]))
}

/** So that keys sort as bytes, Firefox writes each code unit in one to three bytes, the small ones raised by one. @param {string} text */
function keyOfFirefox(text) {
  const bytes = []
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit <= 0x7e) bytes.push(unit + 1)
    else if (unit <= 0x407e) bytes.push(0x80 | ((unit - 0x7f) >> 8), (unit - 0x7f) & 255)
    else bytes.push(0xc0 | (unit >> 10), (unit >> 2) & 255, (unit << 6) & 255)
  }
  return Buffer.from(bytes)
}

/**
 * All byte strings that give the secret away, each once.
 * @param {string} secret
 * @returns {Pattern[]}
 */
export function patternsOf(secret) {
  /** @type {Map<string, Pattern>} */
  const patterns = new Map()
  const spellings = [['', secret], [', lower case', secret.toLowerCase()], [', upper case', secret.toUpperCase()]]
  for (const [suffix = '', text = ''] of spellings) {
    for (const [name, encode] of Object.entries(encodings)) {
      const bytes = encode(text)
      if (bytes === undefined || bytes.length < shortest) continue
      const key = bytes.toString('latin1')
      if (!patterns.has(key)) patterns.set(key, { secret, encoding: name + suffix, bytes })
    }
  }
  return [...patterns.values()]
}
