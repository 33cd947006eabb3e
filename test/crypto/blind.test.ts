import { hmac as nobleHmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Label, Tag } from '../../src/brand.ts'
import { hmac, KeyedHash, rowElement, rowLabel } from '../../src/crypto/blind.ts'
import { lengthPrefixed, u64 } from '../../src/crypto/bytes.ts'
import { codeOf } from './errors.ts'
import { counting } from './hex.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a keyed hash', () => {
  test('gives buffers of their own', () => {
    const hash = new KeyedHash(counting(32))
    const first = hash.digest(counting(10))
    const copy = first.slice()
    hash.digest(counting(11))
    expect(first).toEqual(copy)
  })

  test('does not need the key bytes any more', () => {
    const key = counting(32)
    const hash = new KeyedHash(key)
    key.fill(0)
    expect(hash.digest(counting(10))).toEqual(hmac(counting(32), counting(10)))
  })

  test('after a wipe gives nothing and has let go of all of its state', async () => {
    const hash = new KeyedHash(counting(32))
    const message = counting(10)
    hash.digest(message)
    const destroy = vi.spyOn(Object.getPrototypeOf(nobleHmac.create(nobleSha256, counting(1))) as { destroy(): void }, 'destroy')
    hash.wipe()
    expect(new Set(destroy.mock.contexts).size).toBe(2)
    expect(await codeOf(() => hash.digest(message))).toBe('locked')
  })

  test('makes labels and elements as the format says', () => {
    const hash = new KeyedHash(counting(32))
    const label = rowLabel(hash, 'pages', 'brains', 5)
    expect(label).toEqual(hmac(counting(32), lengthPrefixed('pages', 'brains', u64(5))).slice(0, 16) as Label)
    const tag = counting<Tag>(16)
    expect(rowElement(hash, 'pages', label, tag)).toEqual(hmac(counting(32), lengthPrefixed('pages', label, tag)))
  })
})
