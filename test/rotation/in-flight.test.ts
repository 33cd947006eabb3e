// What is being sealed while the keys it is sealed with go.

import { expect, it } from 'vitest'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { hooked } from './hooked.js'

const NO = { rotation: { continue: false } } as const

it('a long value that is being sealed while the tab learns of a rotation that has begun and ended is saved', async () => {
  const plain = testBrowser()
  const openChannel: typeof plain.environment.openChannel = (name) => {
    const channel = plain.environment.openChannel(name)
    return { ...channel, post: (m) => (m.kind === 'keys' || m.kind === 'keys-wanted' ? channel.post(m) : undefined) }
  }
  const { browser } = hooked({ openChannel })
  const a = await browser.tab(NO)
  await a.sessions.create({ id: 's', chatLogId: 'l' })
  const b = await browser.tab(NO)
  await a.rotateKeys(PASSWORD)
  // b knows nothing of it yet; it stages, and looks at the log at the same time.
  const content = 'some long text '.repeat(400_000)
  const appends = Promise.allSettled(Array.from({ length: 4 }, () => b.chatLogs.append('l', { senderId: 'b', type: 'user', content })))
  await new Promise((resolve) => setTimeout(resolve, 1))
  await b.checkpoint().catch(() => undefined)
  const results = await appends
  expect(results.map((result) => (result.status === 'rejected' ? String((result.reason as { code?: string }).code) : 'saved'))).toEqual(['saved', 'saved', 'saved', 'saved'])
}, 60_000)
