import { describe, expect, test } from 'vitest'
import { createWrapPair, unwrapVaultKey, wrapVaultKey } from '../../src/crypto/key-wrap.ts'
import { isP256Point } from '../../src/crypto/p256-point.ts'
import type { VaultId } from '../../src/brand.ts'
import { codeOf } from './errors.ts'
import { counting, fromHex } from './hex.ts'

/** NIST SP 800-186, section 3.2.1.3: the generator. */
const gx = '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296'
const gy = '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5'
const p = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff'
const zero = '00'.repeat(32)
/** The root of b: (0, rootOfB) is a point, and so would (p, rootOfB) be if coordinates did not have to be reduced. */
const rootOfB = '66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4'

describe('a point of P-256', () => {
  test('is the generator, its negative, and every public key of this engine', async () => {
    expect(isP256Point(fromHex(`04${gx}${gy}`))).toBe(true)
    const negative = (BigInt(`0x${p}`) - BigInt(`0x${gy}`)).toString(16).padStart(64, '0')
    expect(isP256Point(fromHex(`04${gx}${negative}`))).toBe(true)
    expect(isP256Point(fromHex(`04${zero}${rootOfB}`))).toBe(true)
    for (let i = 0; i < 20; i++) expect(isP256Point((await createWrapPair()).publicKey)).toBe(true)
  })

  test.each([
    ['off the curve by one bit', `04${gx}${gy.slice(0, -1)}4`],
    ['zeros', `04${zero}${zero}`],
    ['a coordinate not reduced', `04${p}${rootOfB}`],
    ['x and y swapped', `04${gy}${gx}`],
    ['the form of a compressed point', `02${gx}${gy}`],
    ['compressed', `03${gx}`],
    ['infinity', '00'],
    ['nothing', ''],
    ['a byte too long', `04${gx}${gy}00`],
  ])('is not: %s', async (_, hex) => {
    const point = fromHex(hex)
    expect(isP256Point(point)).toBe(false)
    const { publicKey, privateKey } = await createWrapPair()
    const target = { vaultId: counting<VaultId>(16), slotId: counting(16), publicKey, bindingKey: counting(32) }
    expect(await codeOf(() => wrapVaultKey(counting(32), { ...target, publicKey: point }))).toBe('corrupt')
    const wrapped = await wrapVaultKey(counting(32), target)
    expect(await codeOf(() => unwrapVaultKey({ ...wrapped, ephemeralKey: point }, target, privateKey))).toBe('corrupt')
  })
})
