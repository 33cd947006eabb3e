// The segments that are open: each once, whoever asks, and let go of when they should be.

import { expect, it } from 'vitest'
import { memoryFactory } from '../../src/stores/memory.js'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import { testBrowser } from '../kit/tabs.js'
import { message } from '../kit/vault-states.js'

it.each([1, 2])('memory is let go of after %i searches at one time, of which none found the index open', async (searches) => {
  const disk = createMemoryDisk()
  const factory = memoryFactory(disk)
  let reads = 0
  const backend = () => ({
    ...factory,
    open: async (name: string) => {
      const inner = await factory.open(name)
      const read: typeof inner.read = (requests) => {
        reads += requests.filter(({ store }) => store === 'blocks').length
        return inner.read(requests)
      }
      return { ...inner, read }
    },
  })
  const browser = testBrowser({ disk, backend })
  const first = await browser.tab()
  const words = (i: number): string => Array.from({ length: 20 }, (_, j) => `w${(20 * i + j).toString(36)}`).join(' ')
  await first.load([{ session: { id: 's' }, messages: Array.from({ length: 2000 }, (_, i) => message(words(i))) }])
  await first.checkpoint()
  await first.lock()
  const open = await browser.tab()
  await Promise.all(Array.from({ length: searches }, () => open.searchPlaces('*w1x*', { limit: 5 })))
  open.releaseMemory()
  reads = 0
  await open.searchPlaces('*w1x*', { limit: 5 })
  // Its words have to be read again.
  expect(reads).toBeGreaterThan(10)
})
