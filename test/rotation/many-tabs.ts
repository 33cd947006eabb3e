// A rotation while two tabs write, a third unlocks in the middle, and a fourth sleeps and is woken afterwards. In every engine.

import type { OpenTabChannel, TabMessage } from '../../src/stores/tab-channel.js'
import type { VaultEvent } from '../../src/index.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'

/** A channel whose tab may sleep: what comes meanwhile is heard when it wakes, as a browser has it, unless it was lost. */
export function sleepyChannel(open: OpenTabChannel): { readonly open: OpenTabChannel; readonly sleep: () => void; readonly wake: (how?: { readonly deaf: boolean }) => void } {
  let isAsleep = false
  let missed: (() => void)[] = []
  return {
    open: (name) => {
      const channel = open(name)
      return {
        ...channel,
        subscribe: (listener) => channel.subscribe((message: TabMessage) => void (isAsleep ? missed.push(() => listener(message)) : listener(message))),
      }
    },
    sleep: () => {
      isAsleep = true
    },
    wake: (how) => {
      isAsleep = false
      if (how?.deaf !== true) for (const hear of missed) hear()
      missed = []
    },
  }
}

export interface Tabs {
  readonly writers: readonly [UnlockedVault, UnlockedVault]
  /** Unlocks one more. */
  readonly third: () => Promise<UnlockedVault>
  readonly sleeper: { readonly open: UnlockedVault; readonly sleep: () => void; readonly wake: () => void }
  readonly rotate: () => Promise<unknown>
}

export interface Outcome {
  /** What each tab reads of both chats, as text. */
  readonly texts: readonly string[]
  readonly expected: string
  readonly problems: readonly string[]
}

const WRITTEN = 500

/** Each of two tabs writes five hundred messages meanwhile. */
export async function rotateAmongTabs({ writers, third, sleeper, rotate }: Tabs): Promise<Outcome> {
  const problems: string[] = []
  const watch = (name: string, open: UnlockedVault): void => {
    open.subscribe((event: VaultEvent) => {
      if (event.kind === 'warning') problems.push(`${name}: ${event.error.code} ${event.error.message}`)
      if (event.kind === 'locked') problems.push(`${name} locked: ${event.reason}`)
    })
  }
  for (const [i, open] of writers.entries()) watch(`writer ${i}`, open)
  watch('sleeper', sleeper.open)
  for (const i of writers.keys()) await writers[0].sessions.create({ id: `chat${i}`, chatLogId: `chat${i}` })
  await sleeper.open.chatLogs.read('chat0', { limit: 1 }).catch(() => undefined)
  sleeper.sleep()
  const rotation = rotate()
  const late = new Promise((resolve) => setTimeout(resolve, 20)).then(third)
  const write = async (open: UnlockedVault, chat: string): Promise<void> => {
    for (let i = 0; i < WRITTEN; i++) await open.chatLogs.append(chat, { id: `${chat}-${i}`, senderId: chat, type: 'user', content: `during ${chat} ${i}` })
  }
  await Promise.all([write(writers[0], 'chat0'), write(writers[1], 'chat1'), rotation])
  const opened = await late
  watch('third', opened)
  sleeper.wake()
  const texts: string[] = []
  for (const open of [...writers, opened, sleeper.open]) {
    // A tab looks at the log by itself only when it has not for a second.
    await open.checkpoint()
    const chats = await Promise.all(['chat0', 'chat1'].map((id) => open.chatLogs.read(id, { limit: 10_000 })))
    texts.push(chats.flat().map(({ content }) => content).join())
    const report = await open.check()
    problems.push(...report.problems.map((problem) => JSON.stringify(problem)))
    const audit = await open.audit()
    if (audit.epochs.length !== 1) problems.push(`epochs ${JSON.stringify(audit.epochs)}`)
    problems.push(...audit.sealed.filter(({ where, rows }) => where === 'quarantine' && rows > 0).map(() => 'something is in quarantine'))
  }
  const expected = ['chat0', 'chat1'].flatMap((chat) => Array.from({ length: WRITTEN }, (_, i) => `during ${chat} ${i}`)).join()
  return { texts, expected, problems }
}
