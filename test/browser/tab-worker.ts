// A second tab for tests: the vault in a worker, with its own thread, connection and locks.

import { openVault } from '../../src/index.js'

interface Order {
  readonly name: string
  readonly password: string
  readonly chatLogId: string
  readonly sender: string
  readonly count: number
}

/** Appends one by one, each awaited; answers with the longest time between two acknowledgements, in ms. */
export async function appendOneByOne({ name, password, chatLogId, sender, count }: Order, ready: () => Promise<void> = async () => {}): Promise<number> {
  const vault = await openVault({ name })
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  const open = await vault.unlock(password)
  await ready()
  let longest = 0
  let last = performance.now()
  for (let i = 0; i < count; i++) {
    await open.chatLogs.append(chatLogId, { senderId: sender, type: 'user', content: `${sender} ${i}` })
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  return longest
}

if (typeof document === 'undefined') {
  let go = (): void => {}
  const mayGo = new Promise<void>((resolve) => (go = resolve))
  addEventListener('message', (event: MessageEvent<Order | 'go'>) => {
    if (event.data === 'go') return go()
    appendOneByOne(event.data, async () => {
      postMessage('ready')
      await mayGo
    }).then(
      (longest) => postMessage({ longest }),
      (error: unknown) => postMessage({ error: String(error) }),
    )
  })
}
