// How long work gives way to the page: told by a clock that goes on only where somebody works.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { Slices } from '../../src/vault/core/slices.js'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** Tasks run one by one, when the test says so. */
function byHand() {
  let now = 0
  const tasks: (() => void)[] = []
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  class Channel {
    readonly port1 = { onmessage: (): void => undefined, close: () => undefined }
    readonly port2 = { postMessage: () => void tasks.push(() => this.port1.onmessage()) }
  }
  vi.stubGlobal('MessageChannel', Channel)
  return { tasks, settle: () => new Promise((resolve) => setImmediate(resolve)), work: (ms: number) => void (now += ms) }
}

describe('slices', () => {
  it('are as short where many work side by side, and take one task each', async () => {
    const { tasks, settle, work } = byHand()
    const slices = new Slices()
    let done = 0
    const twoPieces = async (): Promise<void> => {
      for (let piece = 0; piece < 2; piece++) {
        while (slices.isDue) await slices.breathe()
        work(5)
        done++
        await Promise.resolve()
      }
    }
    const all = Promise.all(Array.from({ length: 32 }, twoPieces))
    const piecesOfTask: number[] = []
    for (let before = 0; done < 64; before = done) {
      if (before > 0) tasks.shift()!()
      await settle()
      piecesOfTask.push(done - before)
      expect(tasks.length).toBe(done < 64 ? 1 : 0)
    }
    await all
    expect(new Set(piecesOfTask.slice(0, -1))).toEqual(new Set([3]))
  })

  it('end with the reason of the signal, whoever waits', async () => {
    const { tasks, work } = byHand()
    const ending = new AbortController()
    const slices = new Slices(ending.signal)
    expect(slices.isDue).toBe(false)
    work(100)
    const waiting = [slices.breathe(), slices.breathe()]
    const reason = new Error('enough')
    ending.abort(reason)
    expect(slices.isDue).toBe(true)
    tasks.shift()!()
    for (const one of waiting) await expect(one).rejects.toBe(reason)
    await expect(slices.breathe()).rejects.toBe(reason)
  })
})
