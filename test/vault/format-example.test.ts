// The worked example of docs/format.md, section 11, read from the document itself.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Bytes, Epoch, HomeId, SealedBytes, Seq, Tag, VaultId } from '../../src/brand.js'
import { loadKeyRing } from '../../src/crypto/keyring.js'
import { STORE_IDS } from '../../src/stores/backend.js'
import { Codec } from '../../src/vault/core/codec.js'

const document = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8')
const example = document.slice(document.indexOf('## 11.'))
const bytes = (hex: string): Bytes => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'))
const hexOf = (value: Uint8Array): string => Buffer.from(value).toString('hex')
const line = (name: string): string => new RegExp(`^${name}.*? {2,}(.+)$`, 'm').exec(example)![1]!

const repeated = <T extends Bytes>(byte: number): T => new Uint8Array(16).fill(byte) as T
const vaultId = repeated<VaultId>(0xa1)

async function exampleRing() {
  const key = Uint8Array.from({ length: 32 }, (_, i) => i)
  const other = new Uint8Array(32).fill(9)
  return loadKeyRing({ epochs: [{ id: 1 as Epoch, key, state: 'active' }], canaryKey: other, tombstoneKey: other, minimumIterations: 600_000, slots: [] }, vaultId, Object.keys(STORE_IDS))
}

it('the log row of the document opens to its body', async () => {
  const codec = new Codec({ vaultId, homeId: repeated<HomeId>(0xb2), ring: await exampleRing() })
  const row = bytes(/```hex\n([\s\S]*?)```/.exec(example)![1]!) as SealedBytes
  expect(row).toHaveLength(1059)
  expect(JSON.stringify(await codec.openLogRow(2 as Seq, repeated<Tag>(0xd3), row))).toBe(line('body'))
  await expect(codec.openLogRow(3 as Seq, repeated<Tag>(0xd3), row)).rejects.toMatchObject({ code: 'corrupt' })
  await expect(codec.openLogRow(2 as Seq, repeated<Tag>(0xd4), row)).rejects.toMatchObject({ code: 'corrupt' })
})

it('label and element of the document are what the key ring makes', async () => {
  const { active } = await exampleRing()
  const label = active.label('heads', 'sessions', 3)
  expect(hexOf(label)).toBe(line('label of page 3'))
  expect(hexOf(active.element('heads', label, repeated<Tag>(0xd3)))).toBe(line('its element'))
})
