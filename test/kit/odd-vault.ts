// A vault with everything that could be lost on the way into an archive: odd text, empty messages, long values, deletions, edits; some of it in pages, some not.

import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'

const say = (content: string, rest: object = {}) => ({ senderId: 'ada', type: 'user' as const, content, ...rest })

export const ODD_COUNTS = { sessions: 4, chatLogs: 4, messages: 105, brains: 1, preferences: 2, items: 0, tombstones: 3, missing: 0 }

export async function fillOddly(open: UnlockedVault): Promise<void> {
  const odd = await open.sessions.create({ id: 'odd', participants: ['ada', 'guide'] })
  await open.chatLogs.append(odd.chatLogId, [
    say(''),
    say('\ud800 half a pair, \u0000 and \u2028 \ufeff'),
    say('𝔘𝔫𝔦𝔠𝔬𝔡𝔢 e\u0301 👩‍👩‍👧 مرحبا', { timestamp: 5, metadata: { context: JSON.parse('{"__proto__": {"a": 1}, "": [null, -0.5, 1e300]}') as object } }),
    say('x'.repeat(70_000), { metadata: { images: ['y'.repeat(300_000), 'short', '\udc00'.repeat(66_000)] } }),
  ])
  await open.sessions.create({ id: 'empty', title: 'Nothing in it', keywords: ['none'] })
  await open.sessions.create({ id: 'bare', chatLogId: false })
  await open.chatLogs.create({ id: 'of nobody' })
  await open.chatLogs.append('of nobody', say('alone'))
  const long = await open.sessions.create({ id: 'long', participants: ['bob'] })
  await open.chatLogs.append(long.chatLogId, Array.from({ length: 100 }, (_, i) => say(`message ${i}`, { timestamp: 1000 + i })))
  await open.brains.put({ entityId: 'guide', model: 'small', configuration: { tone: 'calm', long: 'z'.repeat(100_000) }, memories: ['likes trains', null, [1, 2]] })
  await open.preferences.set('theme', 'dark')
  await open.preferences.set('nothing', null)
  await open.checkpoint()
  const messages = await open.chatLogs.read(long.chatLogId, { limit: 100 })
  await open.chatLogs.update(long.chatLogId, messages[40]!.id, { content: 'changed' })
  await open.chatLogs.deleteMessage(long.chatLogId, messages[41]!.id)
  await open.chatLogs.append(long.chatLogId, say('pending', { timestamp: 5000 }))
  await open.sessions.create({ id: 'gone' })
  await open.sessions.delete('gone')
}
