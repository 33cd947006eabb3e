// A switch of the index that the store made and did not tell of, and a store that does not answer the question after it either.

import { expect, it } from 'vitest'
import { storageError } from '../../src/stores/storage-failure.js'
import { hooked, type Hooks } from '../rotation/hooked.js'

it('loses no block of the index that took the place of the one before', async () => {
  const { browser, control } = hooked()
  const hooks: Hooks = {}
  control.next = hooks
  const open = await browser.tab()
  await open.sessions.create({ id: 's', chatLogId: 'l' })
  await open.chatLogs.append('l', Array.from({ length: 50 }, (_, i) => ({ id: `${i}`, senderId: 'ada', type: 'user' as const, content: `zeppelin ${i}` })))
  await open.checkpoint()
  let isSilent = false
  hooks.afterApply = (batch) => {
    if (isSilent || !batch.operations.some(({ store }) => store === 'blocks') || !batch.operations.some(({ store }) => store === 'manifest')) return
    isSilent = true
    throw storageError('storage-unavailable', 'no answer came in time', 'outcome-unknown')
  }
  hooks.beforeRead = () => {
    if (isSilent) throw storageError('storage-unavailable', 'the store does not answer', 'connection-lost')
  }
  await expect(open.rebuildIndex()).rejects.toMatchObject({ details: { reason: 'outcome-unknown' } })
  isSilent = false
  delete hooks.afterApply
  delete hooks.beforeRead
  expect(await open.searchPlaces('zeppelin', { limit: 100 })).toHaveLength(50)
  expect(await open.check()).toMatchObject({ ok: true, problems: [] })
  await open.lock()
})
