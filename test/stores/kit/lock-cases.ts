// What every kind of lock must show; run in Node on the memory locks and in each engine on its Web Locks.

import { expect, test } from 'vitest'
import type { FairLocks } from '../../../src/stores/locks.ts'

let count = 0
const freshName = (): string => {
  count += 1
  return `lock-${count}-${Math.random()}`
}

export function lockCases(create: () => FairLocks): void {
  test('are held by one at a time, in the order of the requests', async () => {
    const locks = create()
    const name = freshName()
    const order: string[] = []
    let inside = 0
    const enter = (who: string) =>
      locks.request(name, {}, async (held) => {
        inside += 1
        expect([held, inside]).toEqual([true, 1])
        order.push(who)
        await new Promise((resolve) => setTimeout(resolve, 1))
        inside -= 1
        return who
      })
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(enter))).toEqual(['a', 'b', 'c', 'd'])
    expect(order).toEqual(['a', 'b', 'c', 'd'])
    expect(locks.available).toBe(true)
  })

  test('of different names do not wait for each other', async () => {
    const locks = create()
    const [one, other] = [freshName(), freshName()]
    expect(await locks.request(one, {}, () => locks.request(other, {}, async () => 'both'))).toBe('both')
  })

  test('are let go when the callback fails, and its error comes through', async () => {
    const locks = create()
    const name = freshName()
    await expect(
      locks.request(name, {}, async () => {
        throw new Error('inside')
      }),
    ).rejects.toThrow('inside')
    expect(await locks.request(name, { ifAvailable: true }, async (held) => held)).toBe(true)
  })

  test('are not waited for when only wanted if available', async () => {
    const locks = create()
    const name = freshName()
    const inner = await locks.request(name, {}, () => locks.request(name, { ifAvailable: true }, async (held) => held))
    expect(inner).toBe(false)
    expect(await locks.request(name, { ifAvailable: true, signal: new AbortController().signal }, async (held) => held)).toBe(true)
  })

  test('can be given up while waiting, with the reason of the signal', async () => {
    const locks = create()
    const name = freshName()
    const controller = new AbortController()
    let next: Promise<string> | undefined
    await locks.request(name, {}, async () => {
      let ran = false
      const waiting = locks.request(name, { signal: controller.signal }, async () => {
        ran = true
      })
      next = locks.request(name, {}, async () => 'next')
      controller.abort(new Error('no longer'))
      await expect(waiting).rejects.toThrow('no longer')
      expect(ran).toBe(false)
    })
    expect(await next).toBe('next')
    await expect(locks.request(name, { signal: controller.signal }, async () => 1)).rejects.toThrow('no longer')
  })

  test('a signal does not stop who already holds', async () => {
    const locks = create()
    const controller = new AbortController()
    const result = await locks.request(freshName(), { signal: controller.signal }, async () => {
      controller.abort(new Error('too late'))
      return 'done'
    })
    expect(result).toBe('done')
  })

  test('can be seen by name while held', async () => {
    const locks = create()
    const name = freshName()
    await locks.request(name, {}, async () => {
      expect((await locks.heldNames())?.has(name)).toBe(true)
    })
    expect((await locks.heldNames())?.has(name)).toBe(false)
  })
}
