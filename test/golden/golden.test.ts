// Old vaults stay readable for ever.

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { STORE_IDS, type StoreName } from '../../src/stores/backend.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { DEFAULT_KDF_POLICY } from '../../src/crypto/kdf.js'
import { openVaultIn } from '../../src/vault/open-vault.js'
import { dumpVault } from '../kit/model.js'
import { testBrowser } from '../kit/tabs.js'

interface Golden {
  readonly name: string
  readonly password: string
  readonly refused: string
  readonly secondHome: [string, string][]
  readonly rows: Record<StoreName, [number | string | { base64: string }, string][]>
  readonly holds: unknown
}

const folder = new URL('.', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'))

describe('golden vaults', () => {
  it('are there', () => expect(files).toContain('vault-v1.json'))

  for (const file of files) {
    it(`${file} opens and holds what it held`, { timeout: 30_000 }, async () => {
      const golden = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Golden
      const browser = testBrowser({ homes: [memoryHome(new Map(golden.secondHome))] })
      await (await memoryFactory(browser.disk).open(golden.name)).close()
      for (const store of Object.keys(STORE_IDS) as StoreName[]) {
        for (const [key, value] of golden.rows[store] ?? []) browser.disk.rows(golden.name, store).set(typeof key === 'object' ? bytes(key.base64) : key, bytes(value))
      }
      const vault = await openVaultIn({ ...browser.environment, kdf: DEFAULT_KDF_POLICY }, { name: golden.name })
      if (vault.state !== 'locked') throw new Error(vault.state)
      await expect(vault.unlock(golden.refused)).rejects.toMatchObject({ code: 'wrong-password' })
      const open = await vault.unlock(golden.password)
      expect(JSON.parse(JSON.stringify(await dumpVault(open)))).toEqual(golden.holds)
      expect(await open.check()).toMatchObject({ ok: true, problems: [], leftOvers: 0 })
      // Written on, it is still the same vault.
      await open.checkpoint()
      expect(JSON.parse(JSON.stringify(await dumpVault(open)))).toEqual(golden.holds)
      expect(await open.check()).toMatchObject({ ok: true, problems: [] })
      await open.lock()
    })
  }
})
