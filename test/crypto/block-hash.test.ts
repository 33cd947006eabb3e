// The hash of many blocks is that of docs/format.md however the bytes come, and a failing engine is heard of where the hash is asked for.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../src/crypto/blind.js'
import { BlockHash, HASH_BLOCK } from '../../src/crypto/block-hash.js'
import { concat } from '../../src/crypto/bytes.js'

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff)

function expected(data: Uint8Array) {
  const blocks = []
  for (let at = 0; at < data.length; at += HASH_BLOCK) blocks.push(sha256(data.subarray(at, at + HASH_BLOCK)))
  return sha256(concat(...blocks))
}

afterEach(() => vi.restoreAllMocks())

describe('hashing blocks', () => {
  for (const length of [0, 1, HASH_BLOCK - 1, HASH_BLOCK, HASH_BLOCK + 1, 9 * HASH_BLOCK + 5]) {
    for (const step of [HASH_BLOCK / 2 + 3, HASH_BLOCK, 3 * HASH_BLOCK + 1]) {
      it(`hashes ${length} bytes that come ${step} at a time`, async () => {
        const data = bytes(length)
        const hash = new BlockHash()
        for (let at = 0; at < length; at += step) {
          const piece = data.slice(at, at + step)
          hash.update(piece)
          piece.fill(0)
          await hash.settle()
        }
        expect(await hash.digest()).toEqual(expected(data))
      })
    }
  }

  it('keeps few blocks in flight for whoever settles', async () => {
    let open = 0
    let most = 0
    const digest = crypto.subtle.digest.bind(crypto.subtle)
    vi.spyOn(crypto.subtle, 'digest').mockImplementation(async (algorithm, data) => {
      most = Math.max(most, ++open)
      const made = await digest(algorithm, data)
      await new Promise((done) => setTimeout(done, 2))
      open--
      return made
    })
    const hash = new BlockHash()
    for (let i = 0; i < 40; i++) {
      hash.update(bytes(HASH_BLOCK))
      await hash.settle()
    }
    await hash.digest()
    expect(most).toBeLessThanOrEqual(6)
  })

  it('fails where the hash is asked for', async () => {
    vi.spyOn(crypto.subtle, 'digest').mockRejectedValue(new Error('no engine'))
    const hash = new BlockHash()
    hash.update(bytes(HASH_BLOCK))
    await new Promise((done) => setTimeout(done))
    await expect(hash.digest()).rejects.toThrow('no engine')
  })
})
