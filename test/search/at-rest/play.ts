// Plays a history into a fresh vault, with fresh keys, and records what the disk shows after every step of it.

import { vi } from 'vitest'
import type { BackendFactory } from '../../../src/stores/backend.js'
import { createMemoryDisk } from '../../../src/stores/memory-disk.js'
import { memoryFactory } from '../../../src/stores/memory.js'
import { testBrowser } from '../../kit/tabs.js'
import { CHATS, type History } from './corpora.js'
import { Recorder, type Recording, type Step } from './recorder.js'

/** What a vault means to do within so many ms it does at once here. */
const SOON_MS = 2000
/** Sealing is done by other threads: nothing may be asked of the store for this many turns before a step is over. */
const QUIET_TURNS = 20
const START = 1_700_000_000_000

export interface PlayOptions {
  /** Between vault and recorder: for vaults that leak. */
  readonly spoil?: (factory: BackendFactory) => BackendFactory
}

/**
 * Appends and checkpoints by turns, then locks. Ids and times are the same in every vault, as far as the caller gives them: what is random only
 * hides things. The keys, labels and stems are as random as ever.
 */
export async function record(history: History, { spoil = (factory) => factory }: PlayOptions = {}): Promise<Recording> {
  const steps: Step[] = []
  const disk = createMemoryDisk()
  const recorder = new Recorder(memoryFactory(disk))
  const browser = testBrowser({ disk, backend: () => spoil(recorder.factory), now: () => START + steps.length * 1000 })
  const restoreTimers = hurryTimers()
  try {
    const seen = async (what: string): Promise<void> => {
      await quiet(recorder)
      steps.push(recorder.snapshot(what))
    }
    const vault = await browser.tab()
    for (let chat = 0; chat < CHATS; chat++) await vault.sessions.create({ id: `session-${chat}`, chatLogId: `chat-${chat}`, participants: ['ada', 'guide'], createdAt: START })
    await seen('create')
    for (const [i, { chat, content }] of history.entries()) {
      await vault.chatLogs.append(`chat-${chat}`, { id: `message-${i}`, senderId: i % 2 === 0 ? 'ada' : 'guide', type: i % 2 === 0 ? 'user' : 'assistant', content, timestamp: START + i * 1000 })
      await seen('append')
      await vault.checkpoint()
      await seen('checkpoint')
    }
    await vault.lock()
    await seen('lock')
    recorder.assertComplete(disk, 'test')
    return steps
  } finally {
    restoreTimers()
  }
}

/** Background work that a step sets off belongs to that step, so that when it comes depends on nothing but the content. */
async function quiet(recorder: Recorder): Promise<void> {
  for (let turns = 0, activity = -1; turns < QUIET_TURNS; turns++) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    if (recorder.busy || recorder.activity !== activity) turns = -1
    activity = recorder.activity
  }
}

function hurryTimers(): () => void {
  const { setTimeout: realSet, clearTimeout: realClear } = globalThis
  const hurried = new WeakSet<object>()
  vi.stubGlobal('setTimeout', (run: () => void, ms = 0) => {
    if (ms > SOON_MS) return realSet(run, ms)
    const handle = setImmediate(run)
    hurried.add(handle)
    return handle
  })
  vi.stubGlobal('clearTimeout', (handle: NodeJS.Immediate | NodeJS.Timeout | undefined) => {
    if (handle !== undefined && hurried.has(handle)) clearImmediate(handle as NodeJS.Immediate)
    else realClear(handle as NodeJS.Timeout | undefined)
  })
  return () => {
    vi.stubGlobal('setTimeout', realSet)
    vi.stubGlobal('clearTimeout', realClear)
  }
}
