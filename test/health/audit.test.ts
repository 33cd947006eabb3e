// What the audit says, held against the raw store, byte by byte.

import { expect, it } from 'vitest'
import { STORE_IDS, type StoreName } from '../../src/stores/backend.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { fillOddly } from '../kit/odd-vault.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'

it('accounts for every byte of every row, and says of each kind why it is not sealed', async () => {
  const homes = new Map<string, string>()
  const browser = testBrowser({ homes: [memoryHome(homes)] })
  const open = await browser.tab()
  await open.createRecoveryCode(PASSWORD)
  await fillOddly(open)
  const { unsealed, sealed, slots, epochs, tells } = await open.audit()
  for (const store of (Object.keys(STORE_IDS) as StoreName[])) {
    const rows = browser.disk.rows('test', store).entries()
    const values = rows.reduce((bytes, [, value]) => bytes + value.length, 0)
    // Keys: labels of 16 bytes, numbers of 8, names.
    const keys = rows.reduce((bytes, [key]) => bytes + (typeof key === 'number' ? 8 : typeof key === 'string' ? (store === 'marks' ? key.length : 0) : key.length), 0)
    const counted = [...unsealed, ...sealed].filter(({ where }) => where === store).reduce((bytes, part) => bytes + part.bytes, 0)
    expect(counted, store).toBe(values + keys)
  }
  for (const { why, isExpected, bytes } of unsealed) {
    expect(why.length).toBeGreaterThan(10)
    expect(isExpected).toBe(true)
    expect(bytes).toBeGreaterThan(0)
  }
  expect(unsealed.filter(({ where }) => where === 'outside')).toHaveLength(3)
  // A thousand iterations, as tests have it: an audit says so.
  expect(slots).toEqual([{ kind: 'password', iterations: expect.any(Number) as number, strength: 'below recommendation' }, { kind: 'recovery', strength: '160 random bits' }])
  expect(epochs).toMatchObject([{ id: 1, state: 'active' }])
  expect(epochs[0]!.madeAt).toBeGreaterThan(0)
  expect(epochs[0]!.seals).toBeGreaterThan(0)
  expect(tells.find(({ what }) => what === 'ways in')?.value).toBe('password, recovery')
  await open.rotateKeys(PASSWORD)
  const after = await open.audit()
  expect(after.epochs).toMatchObject([{ id: 2, state: 'active' }])
  expect(after.epochs[0]!.madeAt).toBeGreaterThanOrEqual(epochs[0]!.madeAt!)
  await open.lock()
})

it('calls what no key of the vault opens what it is', async () => {
  const browser = testBrowser()
  const open = await browser.tab()
  await fillOddly(open)
  browser.disk.rows('test', 'pages').set(new Uint8Array(16).fill(7), new TextEncoder().encode('a diary in clear, written by somebody else'))
  const foreign = browser.disk.rows('test', 'blobs').entries()[0]![1].slice()
  foreign[6] = 99
  browser.disk.rows('test', 'blobs').set(new Uint8Array(16).fill(8), foreign)
  const alarms = (await open.audit()).unsealed.filter(({ isExpected }) => !isExpected)
  expect(alarms.map(({ where, rows }) => `${where} ${rows}`)).toEqual(['pages 1', 'blobs 1'])
  await open.lock()
})
