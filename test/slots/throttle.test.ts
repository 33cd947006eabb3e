// Wrong passwords cost time, over reloads, and never more than a minute.

import { describe, expect, it } from 'vitest'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import { memoryAttempts, PASSWORD, testBrowser } from '../kit/tabs.js'
import { lockedOf } from '../kit/vault-states.js'

async function scene() {
  let now = 1_000_000
  const browser = testBrowser({ attempts: memoryAttempts(), now: () => now })
  await (await browser.tab()).lock()
  // Each in a tab of its own: what was counted is not in it.
  const attempt = async (secret: Parameters<Awaited<ReturnType<typeof lockedOf>>['unlock']>[0] = 'wrong') => {
    const locked = await lockedOf(browser)
    try {
      return await locked.unlock(secret)
    } catch (error) {
      await locked.close()
      throw error
    }
  }
  const wrongTimes = async (times: number) => {
    for (let i = 0; i < times; i++) await expect(attempt()).rejects.toMatchObject({ code: 'wrong-password' })
  }
  return { browser, attempt, wrongTimes, pass: (ms: number) => void (now += ms) }
}

describe('wrong passwords', () => {
  it('are free five times; then the right one waits as well', async () => {
    const { attempt, wrongTimes, pass } = await scene()
    await wrongTimes(5)
    await expect(attempt()).rejects.toMatchObject({ code: 'busy', details: { reason: 'throttled', retryAfterMs: 1000 } })
    await expect(attempt(PASSWORD)).rejects.toMatchObject({ code: 'busy', details: { reason: 'throttled' } })
    pass(999)
    await expect(attempt(PASSWORD)).rejects.toMatchObject({ details: { retryAfterMs: 1 } })
    pass(1)
    await wrongTimes(1)
    await expect(attempt({ recoveryCode: createRecoveryCode() })).rejects.toMatchObject({ details: { retryAfterMs: 2000 } })
    pass(2000)
    const open = await attempt(PASSWORD)
    await open.lock()
    await wrongTimes(5)
  })

  it('never wait for longer than a minute, whatever the clock does', async () => {
    const { attempt, wrongTimes, pass } = await scene()
    await wrongTimes(5)
    for (let i = 0; i < 12; i++) {
      pass(60_000)
      await wrongTimes(1)
    }
    pass(-1e9)
    await expect(attempt()).rejects.toMatchObject({ details: { retryAfterMs: 60_000 } })
    pass(60_000)
    await wrongTimes(1)
  })

  it('are counted, and what is no password is not', async () => {
    const { attempt } = await scene()
    for (let i = 0; i < 10; i++) await expect(attempt('')).rejects.toMatchObject({ code: 'invalid-value' })
    await (await attempt(PASSWORD)).lock()
  })
})
