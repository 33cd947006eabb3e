// Locks in one process, and what a vault gets where there are none.

import { afterEach, describe, expect, test, vi } from 'vitest'
import { memoryLocks, webLocks } from '../../src/stores/locks.ts'
import { lockCases } from './kit/lock-cases.ts'

afterEach(() => vi.unstubAllGlobals())

describe('in memory', () => {
  lockCases(memoryLocks)
})

describe('where Web Locks are missing', () => {
  test('everything is granted at once, and that can be seen', async () => {
    vi.stubGlobal('navigator', {})
    const locks = webLocks()
    expect([locks.available, await locks.heldNames()]).toEqual([false, undefined])
    const outer = locks.request('a', {}, async (held) => [held, await locks.request('a', { ifAvailable: true }, async (inner) => inner)])
    expect(await outer).toEqual([true, true])
    const signal = AbortSignal.abort(new Error('mine'))
    await expect(locks.request('a', { signal }, async () => 1)).rejects.toThrow('mine')
  })

  test('without a navigator too', () => {
    vi.stubGlobal('navigator', undefined)
    expect(webLocks().available).toBe(false)
  })

  test('a lock manager that cannot be asked knows nothing', async () => {
    vi.stubGlobal('navigator', { locks: { request: async () => {}, query: async () => Promise.reject(new Error('SecurityError')) } })
    expect(await webLocks().heldNames()).toBeUndefined()
  })
})
