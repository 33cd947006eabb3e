// The end of a rotation drops keys: only of what was looked at, moved, or given up by name. Each of these once lost what nobody had moved.

import { describe, expect, it } from 'vitest'
import { storageError } from '../../src/stores/storage-failure.js'
import { PASSWORD } from '../kit/tabs.js'
import { epochsOf, hooked, LONG, writesHeader, type Hooks } from './hooked.js'

const NO = { rotation: { continue: false } } as const

describe.each(['keep', 'discard'] as const)('damaged: %s', (damaged) => {
  it('a long message that another tab saves between the checkpoint and the header of the beginning', async () => {
    const { browser, disk, control } = hooked()
    const other = await browser.tab(NO)
    await other.sessions.create({ id: 's', chatLogId: 'l' })
    await other.chatLogs.append('l', { senderId: 'a', type: 'user', content: 'short' })
    await other.checkpoint()
    let done = false
    control.next = {
      beforeApply: async (batch) => {
        if (done || !writesHeader(batch)) return
        done = true
        await other.chatLogs.append('l', { id: 'long', senderId: 'a', type: 'user', content: LONG })
      },
    }
    const rotator = await browser.tab(NO)
    const report = await rotator.rotateKeys(PASSWORD, { damaged })
    expect(done).toBe(true)
    await rotator.lock()
    control.next = {}
    const again = await browser.tab(NO)
    const messages = await again.chatLogs.read('l', { limit: 10 }).catch((error: unknown) => String(error))
    expect(messages).toSatisfy((m: unknown) => Array.isArray(m) && m.length === 2 && m[1].content === LONG, 'both messages are read')
    expect(report).toMatchObject({ skipped: [], keepsOldKeys: false })
    for (const epochs of Object.values(epochsOf(disk))) expect(Object.keys(epochs)).toEqual(['2'])
  })

  it('a batch of moves that the store does not answer, and that was not written', async () => {
    const { browser, disk, control } = hooked()
    const hooks: Hooks = {}
    control.next = hooks
    const open = await browser.tab(NO)
    await open.sessions.create({ id: 's', chatLogId: 'l' })
    await open.chatLogs.append('l', { senderId: 'a', type: 'user', content: 'short' })
    await open.checkpoint()
    let done = 0
    hooks.beforeApply = (batch) => {
      const moves = batch.operations.some((op) => op.kind === 'put' && op.store === 'manifest') && batch.durability === 'relaxed'
      if (!moves || done > 0) return
      done++
      throw storageError('storage-unavailable', 'no answer came in time', 'outcome-unknown')
    }
    const report = await open.rotateKeys(PASSWORD, { damaged })
    expect(done).toBe(1)
    await open.lock()
    const again = await browser.tab(NO).catch((error: unknown) => String(error))
    if (typeof again === 'string') return expect(again).toBe('opened')
    expect(await again.chatLogs.read('l', { limit: 10 }).catch((error: unknown) => String(error))).toMatchObject([{ content: 'short' }])
    expect(report).toMatchObject({ skipped: [], keepsOldKeys: false })
    expect(Object.keys(epochsOf(disk)['pages']!)).toEqual(['2'])
  })

  it('a read that fails once while the places are looked for', async () => {
    const { browser, disk, control } = hooked()
    const hooks: Hooks = {}
    control.next = hooks
    const open = await browser.tab(NO)
    await open.sessions.create({ id: 's', chatLogId: 'l' })
    await open.chatLogs.append('l', { senderId: 'a', type: 'user', content: LONG })
    await open.checkpoint()
    let begun = false
    let done = 0
    hooks.afterApply = (batch) => { if (writesHeader(batch)) begun = true }
    hooks.afterRead = (requests) => {
      if (!begun || done > 0 || requests[0]?.store !== 'pages' || requests[0].kind !== 'get') return
      done++
      throw storageError('storage-unavailable', 'no answer came in time', 'outcome-unknown')
    }
    const report = await open.rotateKeys(PASSWORD, { damaged })
    expect(done).toBe(1)
    await open.lock()
    const again = await browser.tab(NO).catch((error: unknown) => String(error))
    if (typeof again === 'string') return expect(again).toBe('opened')
    expect(await again.chatLogs.read('l', { limit: 10 }).catch((error: unknown) => String(error))).toSatisfy((m: unknown) => Array.isArray(m) && m[0].content === LONG)
    expect(report).toMatchObject({ skipped: [], keepsOldKeys: false })
    expect(Object.keys(epochsOf(disk)['pages']!)).toEqual(['2'])
  })
})
