// Clean-up of messages by a rule: what each limit takes, how bytes are counted, what is spared, and how it is cut off.

import { describe, expect, it } from 'vitest'
import type { CleanUpRule } from '../../../src/system/life/clean-up-rule.js'
import { sizeOf } from '../../../src/system/life/message-columns.js'
import { bytesOf } from '../../kit/archives.js'
import { PASSWORD } from '../../kit/tabs.js'
import { lifeScene, messageIds, type Scene } from './small-scene.js'

/** Three sessions whose messages come in turn, and one without any; the clock says 1000. */
async function scene(): Promise<Scene> {
  const made = await lifeScene()
  await made.add('a', [100, 400, 700])
  await made.add('b', [200, 500, 800, 900])
  await made.add('c', [300, 600])
  await made.add('empty', [])
  return made
}

async function left({ open }: Scene): Promise<string[]> {
  return (await Promise.all(['a', 'b', 'c'].map((id) => messageIds(open, id)))).flat()
}

describe('a rule', () => {
  const cases: readonly [CleanUpRule, string[]][] = [
    [{ olderThanMs: 600 }, ['a-1', 'a-2', 'b-1', 'b-2', 'b-3', 'c-1']],
    [{ keepPerSession: 2 }, ['a-1', 'a-2', 'b-2', 'b-3', 'c-0', 'c-1']],
    [{ keepPerSession: 0 }, []],
    [{ keepTotal: 4 }, ['a-2', 'b-2', 'b-3', 'c-1']],
    [{ keepTotal: 9 }, ['a-0', 'a-1', 'a-2', 'b-0', 'b-1', 'b-2', 'b-3', 'c-0', 'c-1']],
    [{ keepBytes: 0 }, []],
  ]
  it.each(cases)('%j leaves what it says', async (rule, expected) => {
    const made = await scene()
    await made.life.cleanUp.run(rule)
    expect(await left(made)).toEqual(expected)
  })

  it('with several limits takes what any of them takes', async () => {
    const made = await scene()
    // b-0 by number in its session, a-0 by age, and c-0 as the oldest of the seven that are left.
    await made.life.cleanUp.run({ olderThanMs: 850, keepPerSession: 3, keepTotal: 6 })
    expect(await left(made)).toEqual(['a-1', 'a-2', 'b-1', 'b-2', 'b-3', 'c-1'])
  })

  it('by bytes takes no more than it must, oldest first', async () => {
    const made = await scene()
    const { open, life } = made
    const sizes = new Map<string, number>()
    for (const id of ['a', 'b', 'c']) for (const message of await open.chatLogs.read(`${id}-log`)) sizes.set(message.id, sizeOf(message))
    const total = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0)
    expect((await life.cleanUp.preview({ keepBytes: total })).messages).toBe(0)
    // One byte too many takes the oldest one, and as many as it has take no other.
    for (const bytes of [1, sizes.get('a-0')!]) expect((await life.cleanUp.preview({ keepBytes: total - bytes })).sessions.map(({ id, messages }) => [id, messages])).toEqual([['a', 1]])
    expect((await life.cleanUp.preview({ keepBytes: total - sizes.get('a-0')! - 1 })).sessions.map(({ id }) => id)).toEqual(['a', 'b'])
  })

  it('without a limit is refused, and so is one that nobody knows', async () => {
    const made = await scene()
    for (const wrong of [{}, { spareActiveWithinMs: 5 }, { olderThanMs: undefined }, { olderThanMs: -1 }, { keepTotal: Number.NaN }, { keepPerSession: 1.5 }, { keepBytes: -Infinity }]) {
      await expect(made.life.cleanUp.preview(wrong), JSON.stringify(wrong)).rejects.toThrow(RangeError)
      await expect(made.life.cleanUp.run(wrong), JSON.stringify(wrong)).rejects.toThrow(RangeError)
    }
    for (const wrong of [undefined, null, [], { keepTotal: '3' }, { keepTotal: 3, keepAll: true }]) await expect(made.life.cleanUp.run(wrong as never), JSON.stringify(wrong)).rejects.toThrow(TypeError)
    expect(await left(made)).toHaveLength(9)
  })
})

describe('a preview', () => {
  it('says of each session what would go', async () => {
    const { life, commits } = await scene()
    const before = commits()
    const preview = await life.cleanUp.preview({ keepTotal: 5 })
    expect(preview).toMatchObject({ messages: 4, total: { messages: 9 } })
    expect(preview.sessions.map(({ id, title, messages, oldest, newest }) => [id, title, messages, oldest, newest])).toEqual([
      ['a', 'a', 2, 100, 400],
      ['b', 'b', 1, 200, 200],
      ['c', 'c', 1, 300, 300],
    ])
    expect(preview.bytes).toBe(preview.sessions.reduce((sum, { bytes }) => sum + bytes, 0))
    expect(commits()).toBe(before)
  })

  it('counts the bytes of the JSON in UTF-8, and long values without loading them', async () => {
    const { life, open } = await lifeScene()
    await open.sessions.create({ id: 'a', chatLogId: 'a-log' })
    const image = 'A'.repeat(200_000)
    await open.chatLogs.append('a-log', { id: 'm', senderId: 'ada', type: 'user', content: 'größer 🗝️', timestamp: 1, metadata: { images: [image] } })
    const { id, senderId, type, content, timestamp, metadata } = (await open.chatLogs.getMessage('a-log', 'm'))!
    const exact = new TextEncoder().encode(JSON.stringify({ id, senderId, type, content, timestamp, metadata })).length
    const { total } = await life.cleanUp.preview({ keepTotal: 1 })
    expect(Math.abs(total.bytes - exact)).toBeLessThan(300)
    await open.chatLogs.update('a-log', 'm', { metadata: {} })
    expect((await life.cleanUp.preview({ keepTotal: 1 })).total.bytes).toBe(new TextEncoder().encode(JSON.stringify({ id, senderId, type, content, timestamp, metadata: {} })).length)
  })
})

describe('clean-up', () => {
  it('spares sessions that are in use, pinned, deleted for the time being, or were active a while ago, and counts their messages', async () => {
    const made = await scene()
    const { life, active } = made
    active.push('a')
    await life.pins.pin(['c'])
    expect((await life.cleanUp.run({ keepTotal: 4 })).sessions).toEqual([{ id: 'b', messages: 4 }])
    expect(await left(made)).toEqual(['a-0', 'a-1', 'a-2', 'c-0', 'c-1'])
    active.length = 0
    await life.deletes.deleteSessions(['a'], { undoMs: 1000 })
    expect((await life.cleanUp.run({ keepPerSession: 0 })).messages).toBe(0)
    await life.deletes.undo(['a'])
    expect((await life.cleanUp.run({ keepPerSession: 0, spareActiveWithinMs: 301 })).messages).toBe(0)
    expect((await life.cleanUp.run({ keepPerSession: 0, spareActiveWithinMs: 300 })).messages).toBe(3)
  })

  it('leaves chat logs of no session alone', async () => {
    const { open, life } = await lifeScene()
    await open.chatLogs.create({ id: 'loose' })
    await open.chatLogs.append('loose', { senderId: 'ada', type: 'user', content: 'kept', timestamp: 1 })
    expect((await life.cleanUp.run({ keepTotal: 0, keepBytes: 0, olderThanMs: 0, keepPerSession: 0 })).messages).toBe(0)
    expect(await open.chatLogs.count('loose')).toBe(1)
  })

  it('goes by time over all chat logs of a session, and by place where times are the same', async () => {
    const { open, life, add } = await lifeScene()
    await add('a', [5, 1, 5, 5, 9])
    await open.chatLogs.create({ id: 'side', sessionId: 'a' })
    await open.chatLogs.append('side', [5, 2, 5].map((timestamp, i) => ({ id: `side-${i}`, senderId: 'ada', type: 'user' as const, content: 'x', timestamp })))
    await life.cleanUp.run({ keepPerSession: 4 })
    expect(await messageIds(open, 'a')).toEqual(['a-3', 'a-4'])
    expect((await open.chatLogs.read('side')).map(({ id }) => id)).toEqual(['side-0', 'side-2'])
  })

  it('leaves a session that was pinned while it ran, and says so', async () => {
    const { open, life, clock } = await lifeScene()
    clock.now = 1e6
    await open.load(['a', 'b'].map((id) => ({ session: { id, chatLogId: `${id}-log` }, messages: Array.from({ length: 1500 }, (_, i) => ({ id: `${id}-${i}`, senderId: 'ada', type: 'user' as const, content: 'x', timestamp: i })) })))
    const seen: number[] = []
    let pinned: Promise<unknown> = Promise.resolve()
    const report = await life.cleanUp.run({ olderThanMs: 1 }, {
      onProgress: ({ done }) => {
        seen.push(done)
        if (done === 1000) pinned = life.pins.pin(['b'])
      },
    })
    await pinned
    expect(seen).toEqual([1000, 2000, 3000])
    expect(report).toEqual({ sessions: [{ id: 'a', messages: 1500 }], messages: 1500, left: ['b'] })
    expect(await open.chatLogs.count('b-log')).toBe(1500)
  })

  it('stops between commits when it is aborted, and the newest of what goes by bytes goes last', async () => {
    const { open, life, clock } = await lifeScene()
    clock.now = 1e6
    // The newest message is the longest, and the first that is read: gone too early, it would spare others that the preview named.
    const isNewest = (id: string, i: number): boolean => id === 'a' && i === 0
    await open.load(['a', 'b'].map((id) => ({ session: { id, chatLogId: `${id}-log` }, messages: Array.from({ length: 1200 }, (_, i) => ({ id: `${id}-${i}`, senderId: 'ada', type: 'user' as const, content: isNewest(id, i) ? 'long '.repeat(5000) : 'x', timestamp: isNewest(id, i) ? 5000 : i })) })))
    const total = (await life.cleanUp.preview({ keepTotal: 1e6 })).total.bytes
    const rule = { keepBytes: Math.floor(total / 10) }
    const preview = await life.cleanUp.preview(rule)
    const controller = new AbortController()
    const reason = new Error('enough')
    await expect(life.cleanUp.run(rule, { signal: controller.signal, onProgress: () => controller.abort(reason) })).rejects.toBe(reason)
    expect(await open.chatLogs.getMessage('a-log', 'a-0')).toBeDefined()
    const rest = await life.cleanUp.run(rule)
    expect(rest.messages + 1000).toBe(preview.messages)
    const again = await life.cleanUp.preview(rule)
    expect(again).toMatchObject({ messages: 0, total: { bytes: preview.total.bytes - preview.bytes } })
  })

  it('leaves tombstones, so that an archive of before does not bring the messages back', async () => {
    const made = await scene()
    const { open, life } = made
    const archive = await bytesOf((await open.exportArchive({ password: PASSWORD })).stream)
    await life.cleanUp.run({ keepTotal: 2 })
    expect(await left(made)).toEqual(['b-2', 'b-3'])
    await open.importArchive(archive, { password: PASSWORD, onConflict: 'keep-newer' })
    expect(await left(made)).toEqual(['b-2', 'b-3'])
    await open.checkpoint()
    expect(await open.check()).toMatchObject({ ok: true, problems: [] })
  })
})
