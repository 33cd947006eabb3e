// Canary and header mirrors over several second homes, some of which lie, lag or refuse.

import { expect, test } from 'vitest'
import { base64ToBytes, bytesToBase64 } from '../../src/stores/base64.ts'
import { type Canary, readCanaries, readHeaderMirrors, removeCanary, removeHeaderMirror, writeCanary, writeHeaderMirror } from '../../src/stores/canary.ts'
import { memoryHome } from '../../src/stores/memory-home.ts'
import type { SecondHome } from '../../src/stores/second-home.ts'
import { row } from '../../src/testing/contract-rows.ts'

const KEY = 'sealed-vault/aurora/canary'
const canary = (seq: number, more: Partial<Canary> = {}): Canary => ({ v: 1, vaultId: 'dmF1bHQ', seq, tag: 'dGFn', mac: 'bWFj', ...more })

const refusing: SecondHome = {
  kind: 'local-storage',
  silent: false,
  read: async () => undefined,
  write: async () => false,
  remove: async () => {},
  keys: async () => [],
}

test('a canary is written to every home and read from each', async () => {
  const maps = [new Map<string, string>(), new Map<string, string>()]
  const homes = [memoryHome(maps[0]), refusing, memoryHome(maps[1])]
  expect(await writeCanary(homes, 'aurora', canary(7))).toBe(2)
  expect(await readCanaries(homes, 'aurora')).toEqual([canary(7), canary(7)])
  expect(JSON.parse(maps[0]?.get(KEY) ?? '')).toEqual({ v: 1, vaultId: 'dmF1bHQ', seq: 7, tag: 'dGFn', mac: 'bWFj' })
  expect(await readCanaries(homes, 'another')).toEqual([])
  await removeCanary(homes, 'aurora')
  expect([await readCanaries(homes, 'aurora'), maps[0]?.size]).toEqual([[], 0])
})

test('no home, no canary', async () => {
  expect([await writeCanary([], 'aurora', canary(1)), await readCanaries([], 'aurora'), await readHeaderMirrors([], 'aurora')]).toEqual([0, [], []])
})

test('is only raised, in each home by itself', async () => {
  const ahead = memoryHome()
  const behind = memoryHome()
  await writeCanary([ahead], 'aurora', canary(9))
  await writeCanary([behind], 'aurora', canary(3))
  await writeCanary([ahead, behind], 'aurora', canary(5))
  expect(await readCanaries([ahead, behind], 'aurora')).toEqual([canary(9), canary(5)])
  await writeCanary([ahead, behind], 'aurora', canary(9, { tag: 'YW5vdGhlcg' }))
  expect(await readCanaries([ahead], 'aurora'), 'another commit of the same number is what was lost, or what lost it').toEqual([canary(9)])
  await writeCanary([ahead], 'aurora', canary(9, { mac: 'bWFjMg' }))
  expect(await readCanaries([ahead], 'aurora')).toEqual([canary(9, { mac: 'bWFjMg' })])
})

test('is lowered by force, and one of another vault goes by force only', async () => {
  const home = memoryHome()
  await writeCanary([home], 'aurora', canary(9))
  await writeCanary([home], 'aurora', canary(2), { force: true })
  expect(await readCanaries([home], 'aurora')).toEqual([canary(2)])
  await writeCanary([home], 'aurora', canary(7, { vaultId: 'b3RoZXI' }))
  expect(await readCanaries([home], 'aurora')).toEqual([canary(2)])
  await writeCanary([home], 'aurora', canary(1, { vaultId: 'b3RoZXI' }), { force: true })
  expect(await readCanaries([home], 'aurora')).toEqual([canary(1, { vaultId: 'b3RoZXI' })])
})

test.each(['', 'null', '7', '[]', '{', '{}', '{"v":1}', JSON.stringify({ ...canary(1), seq: -1 }), JSON.stringify({ ...canary(1), seq: 1.5 }), JSON.stringify({ ...canary(1), mac: 7 }), JSON.stringify({ ...canary(1), v: '1' })])(
  'what is no canary is passed over and replaced: %s',
  async (text) => {
    const values = new Map([[KEY, text]])
    const homes = [memoryHome(values), memoryHome()]
    await writeCanary(homes.slice(1), 'aurora', canary(4))
    expect(await readCanaries(homes, 'aurora')).toEqual([canary(4)])
    await writeCanary(homes, 'aurora', canary(5))
    expect(await readCanaries(homes, 'aurora')).toEqual([canary(5), canary(5)])
  },
)

test('members it does not know stay out', async () => {
  const values = new Map([[KEY, JSON.stringify({ ...canary(3), __proto__x: 1, more: 'x' })]])
  expect(await readCanaries([memoryHome(values)], 'aurora')).toEqual([canary(3)])
})

test('a header has two slots, by even and odd revision', async () => {
  const values = new Map<string, string>()
  const homes = [memoryHome(values), refusing, memoryHome()]
  expect(await writeHeaderMirror(homes, 'aurora', 6, row(6))).toBe(2)
  expect(await writeHeaderMirror(homes, 'aurora', 7, row(7))).toBe(2)
  expect([...values.keys()].sort()).toEqual(['sealed-vault/aurora/header/0', 'sealed-vault/aurora/header/1'])
  expect(await readHeaderMirrors(homes, 'aurora')).toEqual([row(6), row(7)])
  await writeHeaderMirror(homes, 'aurora', 8, row(8))
  expect(await readHeaderMirrors(homes, 'aurora')).toEqual([row(8), row(7)])
  await removeHeaderMirror(homes, 'aurora', 7)
  expect(await readHeaderMirrors(homes, 'aurora')).toEqual([row(8)])
})

test('copies that differ between homes are all read; what is no base64url is not', async () => {
  const a = memoryHome()
  const b = memoryHome(new Map([['sealed-vault/aurora/header/1', '*broken*']]))
  await writeHeaderMirror([a], 'aurora', 2, row(2))
  await writeHeaderMirror([b], 'aurora', 4, row(4, 70))
  expect(await readHeaderMirrors([a, b], 'aurora')).toEqual([row(2), row(4, 70)])
})

test('base64url of every length, and of a header as large as they get', () => {
  for (const length of [0, 1, 2, 3, 4, 5, 63, 64, 65, 65_536]) {
    const bytes = row(length, length)
    const text = bytesToBase64(bytes)
    expect(text).toMatch(/^[\w-]*$/)
    expect(base64ToBytes(text)).toEqual(bytes)
    expect(text).toBe(Buffer.from(bytes).toString('base64url'))
  }
  for (const text of ['a', 'ab+/', 'ab==', 'a b', 'é', 'abcde']) expect(base64ToBytes(text), text).toBeUndefined()
})
