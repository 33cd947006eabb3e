// A recovery code beside the password: it opens the vault, in any tab, from a copy of the header, and after the password was changed.

import { describe, expect, it } from 'vitest'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import type { SealedBytes } from '../../src/brand.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { lockedOf } from '../kit/vault-states.js'

async function withCode() {
  const browser = testBrowser()
  const tab = await browser.tab()
  await tab.preferences.set('theme', 'dark')
  const recoveryCode = await tab.createRecoveryCode(PASSWORD)
  return { browser, tab, recoveryCode }
}

describe('a recovery code', () => {
  it('opens the vault as the password does, however it is typed', async () => {
    const { browser, tab, recoveryCode } = await withCode()
    expect(recoveryCode).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]{4}$/)
    await tab.lock()
    const open = await (await lockedOf(browser)).unlock({ recoveryCode: ` ${recoveryCode.toLowerCase().replaceAll('-', ' ')} ` })
    expect(await open.preferences.get('theme')).toBe('dark')
    expect(await open.check()).toMatchObject({ ok: true })
    await open.lock()
    expect(await (await (await lockedOf(browser)).unlock(PASSWORD)).preferences.get('theme')).toBe('dark')
  })

  it('that is another, or none, opens nothing and says what it is', async () => {
    const { browser, tab, recoveryCode } = await withCode()
    await tab.lock()
    const locked = await lockedOf(browser)
    await expect(locked.unlock({ recoveryCode: createRecoveryCode() })).rejects.toMatchObject({ code: 'wrong-password' })
    await expect(locked.unlock({ recoveryCode: `${recoveryCode.slice(0, -1)}${recoveryCode.endsWith('0') ? '1' : '0'}` })).rejects.toMatchObject({ code: 'invalid-value', details: { fields: ['recoveryCode'], reason: 'checksum' } })
    await expect(locked.unlock({} as never)).rejects.toThrow()
    await expect(locked.unlock(undefined as never)).rejects.toThrow(TypeError)
    await expect(locked.unlock(null as never)).rejects.toThrow(TypeError)
    const without = testBrowser()
    await (await without.tab()).lock()
    await expect((await lockedOf(without)).unlock({ recoveryCode })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('lets who forgot the password set a new one, and stays what it is', async () => {
    const { browser, tab, recoveryCode } = await withCode()
    await tab.lock()
    const open = await (await lockedOf(browser)).unlock({ recoveryCode })
    await expect(open.changePassword('forgotten', 'the next')).rejects.toMatchObject({ code: 'wrong-password' })
    await expect(open.changePassword({ recoveryCode: createRecoveryCode() }, 'the next')).rejects.toMatchObject({ code: 'wrong-password' })
    await open.changePassword({ recoveryCode }, 'the next')
    await open.lock()
    const locked = await lockedOf(browser)
    await expect(locked.unlock(PASSWORD)).rejects.toMatchObject({ code: 'wrong-password' })
    await (await locked.unlock('the next')).lock()
    const again = await (await lockedOf(browser)).unlock({ recoveryCode })
    await again.changePassword('the next', PASSWORD)
    await again.lock()
    await (await lockedOf(browser)).unlock({ recoveryCode })
  })

  it('is replaced by the next, which the old one may ask for', async () => {
    const { browser, tab, recoveryCode } = await withCode()
    await expect(tab.createRecoveryCode('wrong')).rejects.toMatchObject({ code: 'wrong-password' })
    const next = await tab.createRecoveryCode({ recoveryCode })
    await tab.lock()
    const locked = await lockedOf(browser)
    await expect(locked.unlock({ recoveryCode })).rejects.toMatchObject({ code: 'wrong-password' })
    const open = await locked.unlock({ recoveryCode: next })
    expect(await open.check()).toMatchObject({ ok: true })
    await expect(tab.createRecoveryCode(PASSWORD)).rejects.toMatchObject({ code: 'locked' })
  })

  it('is known to the other tabs, and to the copy of a header that is damaged', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const other = await browser.tab()
    const recoveryCode = await tab.createRecoveryCode(PASSWORD)
    await other.changePassword(PASSWORD, 'the next')
    await tab.lock()
    const rows = browser.disk.rows('test', 'header')
    const row = rows.get('header')!.slice() as SealedBytes
    row[row.length >> 1]! ^= 1
    rows.set('header', row)
    const open = await (await lockedOf(browser)).unlock({ recoveryCode })
    expect(await open.check()).toMatchObject({ ok: true })
  })
})
