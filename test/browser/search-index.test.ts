// The index over real IndexedDB: written by load and checkpoints, merged, made anew, and right, in every engine.

import { describe, expect, it } from 'vitest'
import { destroyVault, openVault, type UnlockedVault } from 'sealed-vault'
import { generateConversations } from '../kit/corpus.js'

async function found(open: UnlockedVault, query: string): Promise<string[]> {
  const ids: string[] = []
  for await (const { message } of open.search(query)) ids.push(message.id)
  return ids
}

describe('the index in this browser', () => {
  it('is written, merged, lost and made anew, and says what the messages say', { timeout: 60_000 }, async () => {
    const name = `index-${crypto.randomUUID()}`
    const vault = await openVault({ name })
    if (vault.state !== 'empty') throw new Error(vault.state)
    const open = await vault.create('correct horse battery staple')
    try {
      const conversations = [...generateConversations({ seed: 3, conversations: 40, messages: 2000 })]
      await open.load(conversations.map(({ id, participants, messages }) => ({ session: { id, participants, chatLogId: id }, messages: messages.map((one, i) => ({ ...one, timestamp: 1000 * i })) })))
      const expected = (word: string): number => conversations.reduce((sum, { messages }) => sum + messages.filter(({ content }) => content.toLowerCase().split(/[^a-z]+/).includes(word)).length, 0)
      for (const word of ['the', 'great', 'winter', 'satellites']) expect((await found(open, word)).length, word).toBe(expected(word))
      for (let i = 0; i < 6; i++) {
        await open.chatLogs.append(conversations[i]!.id, { senderId: 'ada', type: 'user', content: `zeppelin number ${i}` })
        await open.checkpoint()
      }
      expect(await found(open, 'zeppelin')).toHaveLength(6)
      expect(await open.check()).toMatchObject({ ok: true, problems: [] })
      await open.rebuildIndex()
      open.releaseMemory()
      expect(await found(open, '"zeppelin number"')).toHaveLength(6)
      expect((await found(open, 'the')).length).toBe(expected('the'))
      expect(await open.check()).toMatchObject({ ok: true, problems: [] })
    } finally {
      await open.lock()
      await destroyVault(name)
    }
  })
})
