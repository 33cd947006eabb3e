// Archives of whole vaults and of parts, read by the library and by the stand-alone reader, and held against the plain JSON.

import { describe, expect, it } from 'vitest'
import { createRecoveryCode, inspectArchive, verifyArchive } from '../../src/index.js'
import { verify } from '../../src/vault/archive/verify-archive.js'
import { asJson, bytesOf, jsonOf, readWithTool, timeless } from '../kit/archives.js'
import { fillOddly, ODD_COUNTS } from '../kit/odd-vault.js'
import { insecureFastKdf, testBrowser } from '../kit/tabs.js'
import { openVaultIn } from '../../src/vault/open-vault.js'

describe('an archive', () => {
  it('holds what the plain JSON holds, whoever reads it', async () => {
    const open = await testBrowser().tab()
    await fillOddly(open)
    const recoveryCode = await createRecoveryCode()
    const { stream, report } = await open.exportArchive({ password: 'a backup’s own', recoveryCode })
    const bytes = await bytesOf(stream)
    const plain = await jsonOf(await open.exportJson({ unprotected: true }))
    expect(asJson(await readWithTool(bytes, recoveryCode, { recoveryCode: true }))).toEqual(timeless(plain))
    expect(plain.chatLogs.find(({ id }) => id === 'of nobody')!.messages).toHaveLength(1)
    const counts = ODD_COUNTS
    expect(await report).toMatchObject({ counts, bytes: bytes.length, missing: [] })
    const contents = await verify(bytes, { recoveryCode: recoveryCode.toLowerCase().replaceAll('-', ' ') }, insecureFastKdf)
    const { archiveId, seq } = await report
    expect(contents).toMatchObject({ archiveId, seq, counts, missing: [] })
    expect(contents.span!.from).toBe(5)
    expect(await verify(new Blob([bytes]), { password: 'a backup’s own' }, insecureFastKdf)).toEqual(contents)
    expect(await verify(new Blob([bytes]).stream(), { password: 'a backup’s own' }, insecureFastKdf)).toEqual(contents)
    expect((await inspectArchive(bytes)).slots.map(({ kind }) => kind)).toEqual(['recovery', 'password'])
  })

  it('opens with the password a user would choose, at full cost', async () => {
    const { kdf: _, ...environment } = testBrowser().environment
    const vault = await openVaultIn(environment, { name: 'full cost' })
    if (vault.state !== 'empty') throw new Error(vault.state)
    const open = await vault.create('the vault’s own')
    await open.preferences.set('theme', 'dark')
    const bytes = await bytesOf((await open.exportArchive({ password: 'pässword ﬁ' })).stream)
    expect((await verifyArchive(bytes, { password: 'pa\u0308ssword fi' })).counts.preferences).toBe(1)
    expect((await readWithTool(bytes, 'pa\u0308ssword fi')).map(({ kind }) => kind)).toEqual(['archive', 'preference', 'end'])
    await expect(verifyArchive(bytes, { password: 'another' })).rejects.toMatchObject({ code: 'wrong-password' })
    await expect(verifyArchive(bytes, { recoveryCode: await createRecoveryCode() })).rejects.toMatchObject({ code: 'unsupported-version', details: { reason: 'no-slot' } })
  })

  it('of an empty vault is one', async () => {
    const open = await testBrowser().tab()
    const recoveryCode = await createRecoveryCode()
    const bytes = await bytesOf((await open.exportArchive({ recoveryCode })).stream)
    expect((await verify(bytes, { recoveryCode })).counts).toEqual({ sessions: 0, chatLogs: 0, messages: 0, brains: 0, preferences: 0, items: 0, tombstones: 0, missing: 0 })
    expect(asJson(await readWithTool(bytes, recoveryCode, { recoveryCode: true }))).toEqual(timeless(await jsonOf(await open.exportJson({ unprotected: true }))))
  })
})
