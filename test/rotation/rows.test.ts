// Rows that are not what they should be, while keys change around them: damaged heads of envelopes, older copies, another rotation.

import { describe, expect, it } from 'vitest'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { epochsOf, hooked, writesHeader } from './hooked.js'

const NO = { rotation: { continue: false } } as const
const message = (content: string) => ({ senderId: 'a', type: 'user' as const, content })

async function filled(browser: ReturnType<typeof testBrowser>) {
  const open = await browser.tab(NO)
  for (const id of ['one', 'two']) {
    await open.sessions.create({ id: `s-${id}`, chatLogId: id })
    await open.chatLogs.append(id, message(`hello ${id}`))
  }
  await open.checkpoint()
  return open
}

describe('a damaged row whose envelope names an epoch that is not there', () => {
  it('is kept when damaged rows are to be kept', async () => {
    const browser = testBrowser()
    const open = await filled(browser)
    open.releaseMemory()
    const rows = browser.disk.rows('test', 'pages')
    const [label, row] = rows.entries()[0]!
    const damaged = row.slice()
    damaged[3]! ^= 0x80
    rows.set(label, damaged)
    const report = await open.rotateKeys(PASSWORD)
    expect(report.skipped).toHaveLength(1)
    expect(rows.entries().some(([, value]) => value[3] === damaged[3]!), 'the row is still there').toBe(true)
  })

  it('is corrupt when it is read', async () => {
    const browser = testBrowser()
    const open = await filled(browser)
    open.releaseMemory()
    const rows = browser.disk.rows('test', 'pages')
    for (const [label, row] of rows.entries()) {
      row[3]! ^= 0x80
      rows.set(label, row)
    }
    await expect(open.chatLogs.read('one', { limit: 5 })).rejects.toMatchObject({ code: 'corrupt' })
  })

  it('does not keep the log from being folded', async () => {
    const browser = testBrowser()
    const open = await filled(browser)
    open.releaseMemory()
    const rows = browser.disk.rows('test', 'pages')
    for (const [label, row] of rows.entries()) {
      row[3]! ^= 0x80
      rows.set(label, row)
    }
    await open.chatLogs.append('one', message('more')).catch(() => undefined)
    await expect(open.checkpoint()).resolves.toBe(true)
  })
})

describe('a row that is no envelope any more', () => {
  it('is given up when damaged rows are to be given up', async () => {
    const browser = testBrowser()
    const open = await filled(browser)
    open.releaseMemory()
    const rows = browser.disk.rows('test', 'pages')
    const [label, row] = rows.entries()[0]!
    row[0] = 0
    rows.set(label, row)
    await expect(open.rotateKeys(PASSWORD, { damaged: 'discard' })).resolves.toMatchObject({ keepsOldKeys: false })
  })
})

describe('a page of heads that was put back to an older one', () => {
  it('is not taken for genuine after a rotation that gives up what is damaged', async () => {
    const browser = testBrowser()
    const open = await filled(browser)
    const heads = browser.disk.rows('test', 'heads')
    const old = heads.entries()
    await open.sessions.update('s-one', { title: 'newer' })
    await open.checkpoint()
    for (const [label, row] of old) heads.set(label, row)
    const report = await open.rotateKeys(PASSWORD, { damaged: 'discard' }).catch((error: unknown) => String(error))
    const title = (await open.sessions.get('s-one'))!.title
    await open.lock()
    const again = await browser.tab(NO).catch((error: unknown) => String(error))
    const after = typeof again === 'string' ? again : (await again.sessions.get('s-one'))!.title
    expect({ title, after, report }).toMatchObject({ title: 'newer', after: expect.stringMatching(/newer|heads/) })
  })
})

describe('a store put back to before a rotation under an open tab', () => {
  it('is told as storage-lost', async () => {
    const browser = testBrowser()
    const open = await filled(browser)
    const rowsOf = () => (['header', 'manifest', 'log', 'heads', 'pages', 'blobs', 'blocks'] as const).map((store) => [store, browser.disk.rows('test', store).entries()] as const)
    const before = rowsOf()
    await open.rotateKeys(PASSWORD)
    for (const [store, entries] of before) {
      const rows = browser.disk.rows('test', store)
      rows.clear()
      for (const [key, row] of entries) rows.set(key, row)
    }
    await expect(open.sessions.create({ id: 'x' })).rejects.toMatchObject({ code: 'storage-lost' })
  })
})

describe('two tabs that rotate', () => {
  it('a second one that has not heard of the first does not begin another while one is pending', async () => {
    // Messages between tabs are hints: none of them arrives but questions for keys.
    const plain = testBrowser()
    const openChannel: typeof plain.environment.openChannel = (name) => {
      const channel = plain.environment.openChannel(name)
      return { ...channel, post: (m) => (m.kind === 'keys' || m.kind === 'keys-wanted' ? channel.post(m) : undefined) }
    }
    const { browser, disk, control } = hooked({ openChannel })
    let second: Promise<unknown> | undefined
    let moved = 0
    const filling = await filled(browser)
    await filling.lock()
    const b = await browser.tab(NO)
    control.next = {
      // While the first tab writes its moves, the other one is asked to rotate.
      beforeApply: async (batch) => {
        if (second !== undefined || batch.durability !== 'relaxed' || !batch.operations.some(({ store }) => store === 'manifest')) return
        moved++
        second = b.rotateKeys(PASSWORD).then((report) => report, (error: unknown) => String(error))
        await new Promise((resolve) => setTimeout(resolve, 20))
      },
    }
    const a = await browser.tab(NO)
    const first = await a.rotateKeys(PASSWORD)
    const other = await second
    expect(moved).toBe(1)
    expect({ first, other, epochs: epochsOf(disk) }).toMatchObject({ first: { keepsOldKeys: false }, other: { keepsOldKeys: false }, epochs: { pages: { 3: 2 } } })
  })

  it('the same, giving up what is damaged', async () => {
    const plain = testBrowser()
    const openChannel: typeof plain.environment.openChannel = (name) => {
      const channel = plain.environment.openChannel(name)
      return { ...channel, post: (m) => (m.kind === 'keys' || m.kind === 'keys-wanted' ? channel.post(m) : undefined) }
    }
    const { browser, control } = hooked({ openChannel })
    let second: Promise<unknown> | undefined
    const filling = await filled(browser)
    await filling.lock()
    const b = await browser.tab(NO)
    control.next = {
      beforeApply: async (batch) => {
        if (second !== undefined || batch.durability !== 'relaxed' || !batch.operations.some(({ store }) => store === 'manifest')) return
        second = b.rotateKeys(PASSWORD).then((report) => report, (error: unknown) => String(error))
        await new Promise((resolve) => setTimeout(resolve, 20))
      },
    }
    const a = await browser.tab(NO)
    await a.rotateKeys(PASSWORD, { damaged: 'discard' }).catch(() => undefined)
    await second
    await a.lock()
    const again = await browser.tab(NO).catch((error: unknown) => String(error))
    expect(typeof again === 'string' ? again : (await again.chatLogs.read('one', { limit: 5 })).length).toBe(1)
  })

  it('one tab that is asked twice at once makes one rotation of it, or two one after the other', async () => {
    const { browser, control } = hooked()
    let ring = 0
    control.next = { afterApply: (batch, result) => { if (result.applied && writesHeader(batch)) ring++ } }
    const a = await filled(browser)
    const states: string[] = []
    a.subscribe(() => {
      try {
        const open = (a as unknown as { rotation: { state: string } }).rotation
        states.push(open.state)
      } catch {}
    })
    const before = ring
    await Promise.all([a.rotateKeys(PASSWORD), a.rotateKeys(PASSWORD)])
    // Two rotations in turn write four headers; one is begun over a pending one when there are three.
    expect([2, 4]).toContain(ring - before)
  })
})
