// Headers that are written one after the other, by tabs that learn of it late, are cut off, or lock meanwhile.

import { describe, expect, it } from 'vitest'
import { memoryHome } from '../../src/stores/memory-home.js'
import type { SecondHome } from '../../src/stores/second-home.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { hooked, writesHeader } from './hooked.js'

const NO = { rotation: { continue: false } } as const

/** A home whose `remove` of a header copy can be made to wait. */
function slowHome() {
  const inner = memoryHome()
  const control: { gate: Promise<void> | undefined; reached: () => void } = { gate: undefined, reached: () => {} }
  const home: SecondHome = {
    ...inner,
    remove: async (key) => {
      if (control.gate !== undefined && key.includes('/header/')) {
        const { gate } = control
        control.gate = undefined
        control.reached()
        await gate
      }
      return inner.remove(key)
    },
  }
  return { home, control }
}

describe('a password change whose last step is slow', () => {
  it('does not put back the header of before a rotation by another tab', async () => {
    const { home, control } = slowHome()
    const browser = testBrowser({ homes: [home] })
    const [a, b] = [await browser.tab(NO), await browser.tab(NO)]
    let open = (): void => {}
    control.gate = new Promise((resolve) => (open = resolve))
    const reached = new Promise<void>((resolve) => (control.reached = resolve))
    const changing = a.changePassword(PASSWORD, 'second password')
    await reached
    await b.rotateKeys('second password')
    await a.sessions.create({ id: 'x' }) // a has caught up, with keys that b handed over
    open()
    await changing
    // b goes away: a is on its own now.
    await expect(a.createRecoveryCode('second password')).resolves.toBeTypeOf('string')
  })

  it('does not put back the header of before a rotation by the same tab', async () => {
    const { home, control } = slowHome()
    const browser = testBrowser({ homes: [home] })
    const a = await browser.tab(NO)
    let open = (): void => {}
    control.gate = new Promise((resolve) => (open = resolve))
    const reached = new Promise<void>((resolve) => (control.reached = resolve))
    const changing = a.changePassword(PASSWORD, 'second password')
    await reached
    await a.rotateKeys('second password')
    open()
    await changing
    await expect(a.changePassword('second password', 'third password')).resolves.toBeUndefined()
  })

  it('ends as it should when the vault is locked meanwhile, and leaves no keys', async () => {
    const { home, control } = slowHome()
    const browser = testBrowser({ homes: [home] })
    const a = await browser.tab(NO)
    let open = (): void => {}
    control.gate = new Promise((resolve) => (open = resolve))
    const reached = new Promise<void>((resolve) => (control.reached = resolve))
    const changing = a.changePassword(PASSWORD, 'second password').then(() => 'done', (error: unknown) => String(error))
    await reached
    await a.lock()
    open()
    expect(await changing).not.toContain('TypeError')
  })
})

describe('unlocking', () => {
  it('while another tab writes a header twice, as a rotation of a small vault does', async () => {
    const { browser, control } = hooked()
    const a = await browser.tab(NO)
    await a.sessions.create({ id: 's' })
    let reads = 0
    control.next = {
      // Headers and copies have been read, the secret is being derived; now the vault itself is about to be read.
      beforeRead: async (requests) => {
        if (requests.length !== 6 || requests[1]?.kind !== 'rows') return
        reads++
        if (reads <= 2) await a.changePassword(PASSWORD, PASSWORD)
      },
    }
    const vault = await browser.open(NO)
    if (vault.state !== 'locked') throw new Error(vault.state)
    const open = await vault.unlock(PASSWORD)
    expect(reads).toBe(3)
    expect(await open.sessions.get('s')).toBeDefined()
  })
})

describe('a crash right after the header that ends a rotation', () => {
  it('leaves no copy of the header with the old keys for longer than until the next unlock', async () => {
    const values = new Map<string, string>()
    const { browser, control } = hooked({ homes: [memoryHome(values)] })
    let headers = 0
    control.next = {
      afterApply: async (batch, result) => {
        if (!result.applied || !writesHeader(batch)) return
        if (++headers === 3) await new Promise(() => {}) // the creation, the beginning, the end; then the process is gone
      },
    }
    const a = await browser.tab(NO)
    await a.sessions.create({ id: 's' })
    void a.rotateKeys(PASSWORD).catch(() => undefined)
    await expect.poll(() => headers, { timeout: 5000 }).toBe(3)
    const fresh = testBrowser({ disk: browser.disk, homes: [memoryHome(values)] })
    const again = await fresh.tab(NO)
    expect(again.rotation.state).toBe('none')
    expect([...values.keys()].filter((key) => key.includes('/header/'))).toHaveLength(1)
  })
})

describe('a rotation that waits for another job to end', () => {
  it('ends with the lock', async () => {
    const browser = testBrowser()
    const a = await browser.tab(NO)
    await a.sessions.create({ id: 's' })
    const stop = new Promise<void>(() => {})
    void browser.environment.locks.request('sealed-vault/test/job', {}, () => stop)
    const rotating = a.rotateKeys(PASSWORD).then(() => 'done', (error: { code?: string }) => error.code)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await a.lock()
    expect(await Promise.race([rotating, new Promise((resolve) => setTimeout(() => resolve('hangs'), 1000))])).toBe('locked')
  })
})
