// Two tabs at one chat: a page and a worker, each with its own thread, connection and locks.

import { expect, it } from 'vitest'
import { openVault } from '../../src/index.js'
import { appendOneByOne } from './tab-worker.js'

const PASSWORD = 'correct horse battery staple'
const COUNT = 500

it('two tabs each append 500 messages to one chat; none is lost, none starves', { timeout: 60_000 }, async () => {
  const name = `two tabs ${crypto.randomUUID()}`
  const vault = await openVault({ name })
  if (vault.state !== 'empty') throw new Error(vault.state)
  const open = await vault.create(PASSWORD)
  const { chatLogId } = await open.sessions.create()

  const worker = new Worker(new URL('./tab-worker.ts', import.meta.url), { type: 'module' })
  const heard = (wanted: (data: unknown) => boolean): Promise<unknown> =>
    new Promise((resolve, reject) => {
      worker.addEventListener('error', (event) => reject(new Error(event.message)))
      worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (typeof data === 'object' && data !== null && 'error' in data) reject(new Error(String(data.error)))
        else if (wanted(data)) resolve(data)
      })
    })
  const ready = heard((data) => data === 'ready')
  const done = heard((data) => typeof data === 'object') as Promise<{ longest: number }>
  worker.postMessage({ name, password: PASSWORD, chatLogId, sender: 'worker', count: COUNT })
  const [page, { longest }] = await Promise.all([
    appendOneByOne({ name, password: PASSWORD, chatLogId, sender: 'page', count: COUNT }, async () => {
      await ready
      worker.postMessage('go')
    }),
    done,
  ])
  worker.terminate()
  console.info(`longest wait: page ${page.toFixed(0)} ms, worker ${longest.toFixed(0)} ms`)

  const messages = await open.transact((tx) => tx.chatLogs.read(chatLogId, { limit: 5000 }))
  expect(messages).toHaveLength(2 * COUNT)
  for (const sender of ['page', 'worker']) {
    expect(messages.filter(({ senderId }) => senderId === sender).map(({ content }) => content)).toEqual(Array.from({ length: COUNT }, (_, i) => `${sender} ${i}`))
  }
  expect(new Set(messages.map(({ number }) => number)).size).toBe(2 * COUNT)
  expect(await open.check()).toMatchObject({ ok: true, problems: [] })
  expect(page).toBeLessThan(1000)
  expect(longest).toBeLessThan(1000)
  await open.lock()
})
