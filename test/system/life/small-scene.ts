// A vault with a handful of sessions, a clock that is set by hand, and as many tabs as a test wants.

import { SessionLife } from '../../../src/system/life/session-life.js'
import type { SessionInput } from '../../../src/index.js'
import type { UnlockedVault } from '../../../src/vault/unlocked-vault.js'
import { testBrowser, type TestBrowser } from '../../kit/tabs.js'

/** Times of tests are small numbers: one is an hour, a day, whatever. */
export interface Scene {
  readonly browser: TestBrowser
  readonly open: UnlockedVault
  readonly life: SessionLife
  readonly clock: { now: number }
  /** Sessions in use. */
  readonly active: string[]
  /** One more tab of the same vault, with the same clock and its own sessions in use. */
  readonly tab: () => Promise<{ readonly open: UnlockedVault; readonly life: SessionLife }>
  /** A session with one message at each of the times. */
  readonly add: (id: string, times: readonly number[], input?: SessionInput) => Promise<void>
  /** How many rows its log has: whether something was committed. */
  readonly commits: () => number
}

export async function lifeScene(): Promise<Scene> {
  const browser = testBrowser()
  const clock = { now: 1000 }
  const active: string[] = []
  const tab = async (inUse: readonly string[] = []): Promise<{ open: UnlockedVault; life: SessionLife }> => {
    const open = await browser.tab({ index: false })
    return { open, life: new SessionLife({ open, now: () => clock.now, activeSessionIds: () => inUse }) }
  }
  const { open, life } = await tab(active)
  return {
    browser,
    open,
    life,
    clock,
    active,
    tab: () => tab(),
    add: async (id, times, input = {}) => {
      const createdAt = input.createdAt ?? times[0] ?? 0
      const { chatLogId } = await open.sessions.create({ id, chatLogId: `${id}-log`, title: id, ...input, createdAt } as SessionInput & { chatLogId: string })
      if (times.length > 0) await open.chatLogs.append(chatLogId, times.map((timestamp, i) => ({ id: `${id}-${i}`, senderId: 'ada', type: 'user' as const, content: `${id} ${i}`, timestamp })))
    },
    commits: () => browser.disk.rows('test', 'log').size,
  }
}

export async function messageIds(open: UnlockedVault, id: string): Promise<string[]> {
  return (await open.chatLogs.read(`${id}-log`, { limit: 1000 })).map((message) => message.id)
}
