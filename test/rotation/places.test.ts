// Whether a rotation finds all rows, whatever others do between two holds of the job, and whatever pages have lost.

import { describe, expect, it } from 'vitest'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { epochsOf, hooked, LONG, writesHeader, type Hooks } from './hooked.js'

const NO = { rotation: { continue: false } } as const

describe('pages whose places are old by the time they are read', () => {
  it('another tab that folds between the holds does not leave long values behind', async () => {
    const { browser, disk, control } = hooked({ rotationRows: 1 })
    const other = await browser.tab(NO)
    for (let i = 0; i < 3; i++) {
      await other.sessions.create({ id: `s${i}`, chatLogId: `l${i}` })
      await other.chatLogs.append(`l${i}`, { senderId: 'a', type: 'user', content: LONG })
    }
    await other.checkpoint()
    const hooks: Hooks = {}
    control.next = hooks
    const rotator = await browser.tab(NO)
    let batches = 0
    // After every batch of moves somebody writes to each chat and folds, as soon as the job is free; the rotation pauses meanwhile.
    hooks.afterApply = (batch, result) => {
      if (!result.applied || batch.durability !== 'relaxed' || !batch.operations.some(({ store }) => store === 'manifest')) return
      if (++batches > 12) return
      rotator.rotation.pause()
      void (async () => {
        for (let i = 0; i < 3; i++) await other.chatLogs.append(`l${i}`, { senderId: 'a', type: 'user', content: `short ${batches}` })
        await other.checkpoint()
        void rotator.rotation.continue()
      })()
    }
    const report = await rotator.rotateKeys(PASSWORD)
    expect({ report, epochs: epochsOf(disk) }).toMatchObject({ report: { skipped: [], keepsOldKeys: false }, epochs: { blobs: { 2: 3 } } })
  }, 60_000)
})

describe('a page that lost records before', () => {
  it('does not keep the old keys for long values of the records it still has', async () => {
    const browser = testBrowser()
    const open = await browser.tab(NO)
    await open.sessions.create({ id: 's', chatLogId: 'l' })
    await open.chatLogs.append('l', { senderId: 'a', type: 'user', content: 'lost later' })
    await open.checkpoint()
    open.releaseMemory()
    const pages = browser.disk.rows('test', 'pages')
    for (const [label, row] of pages.entries()) {
      row[row.length - 20]! ^= 1
      pages.set(label, row)
    }
    await open.chatLogs.append('l', { senderId: 'a', type: 'user', content: LONG })
    await open.checkpoint()
    const before = epochsOf(browser.disk)
    const report = await open.rotateKeys(PASSWORD, { damaged: 'discard' })
    expect({ before, report, epochs: epochsOf(browser.disk) }).toMatchObject({ epochs: { blobs: { 2: 1 } } })
  })
})

describe('pages of heads in several batches', () => {
  it('are moved by one walk', async () => {
    const { browser, disk, control } = hooked({ rotationRows: 2 })
    const hooks: Hooks = {}
    control.next = hooks
    const open = await browser.tab(NO)
    await open.load(Array.from({ length: 400 }, (_, i) => ({ session: { id: `s${i}`, chatLogId: `l${i}` }, messages: [] })))
    await open.checkpoint()
    let begun = false
    let walks = 0
    hooks.afterApply = (batch) => {
      if (writesHeader(batch)) begun = true
    }
    hooks.beforeRead = (requests) => {
      // Heads are read whole once a walk, to be held against their sum.
      if (begun && requests.length === 1 && requests[0]!.kind === 'rows' && requests[0]!.store === 'heads') walks++
    }
    await open.rotateKeys(PASSWORD)
    expect(walks).toBe(1)
    expect(Object.keys(epochsOf(disk)['heads']!)).toEqual(['2'])
    expect(epochsOf(disk)['heads']![2]).toBeGreaterThan(20)
  }, 60_000)
})
