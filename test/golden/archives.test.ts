// Old archives stay readable for ever.

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { verifyArchive, type ArchiveCounts } from '../../src/index.js'
import { openVaultIn } from '../../src/vault/open-vault.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { readWithTool } from '../kit/archives.js'
import { contentOf } from '../kit/devices.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'

interface GoldenArchives {
  readonly password: string
  readonly recoveryCode: string
  /** Archives of one vault and of another, in base64, by what they are. */
  readonly files: Readonly<Record<'whole' | 'of another vault' | 'changes' | 'chosen' | 'merged', string>>
  /** What the first vault held at last. */
  readonly holds: object
}

const folder = new URL('archives/', import.meta.url)

/** With the real limits of key derivation. */
async function emptyVault(): Promise<UnlockedVault> {
  const { kdf: _, ...environment } = testBrowser().environment
  const vault = await openVaultIn(environment, { name: 'test' })
  if (vault.state !== 'empty') throw new Error(vault.state)
  return vault.create(PASSWORD)
}

/** As an archive of a vault without items has them. */
function written(counts: ArchiveCounts): object {
  const { items: _, ...others } = counts
  return others
}

describe.each(readdirSync(folder))('golden archives: %s', (name) => {
  const { password, recoveryCode, files, holds } = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as GoldenArchives
  const bytes = Object.fromEntries(Object.entries(files).map(([file, text]) => [file, new Uint8Array(Buffer.from(text, 'base64'))])) as Record<keyof typeof files, Uint8Array<ArrayBuffer>>

  it('verify, here and with the stand-alone reader', async () => {
    for (const file of Object.values(bytes)) {
      const { counts } = await verifyArchive(file, { recoveryCode })
      expect((await readWithTool(file, recoveryCode, { recoveryCode: true })).at(-1)).toMatchObject({ kind: 'end', counts: written(counts) })
    }
    expect(await verifyArchive(bytes.whole, { password })).toMatchObject({ counts: { messages: 105 } })
  }, 60_000)

  it('come into a vault: the last one alone, or those before it one after the other', async () => {
    const alone = await emptyVault()
    await alone.importArchive(bytes.merged, { password })
    expect(await contentOf(alone)).toEqual({ collections: {}, ...holds })
    const chained = await emptyVault()
    for (const file of ['whole', 'changes', 'of another vault', 'chosen'] as const) await chained.importArchive(bytes[file], { recoveryCode })
    expect(await contentOf(chained)).toEqual({ collections: {}, ...holds })
    for (const open of [alone, chained]) expect(await open.check()).toMatchObject({ ok: true })
  }, 60_000)
})
