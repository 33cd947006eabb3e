// A copy that tells what was said and not who said it.

import { describe, expect, it } from 'vitest'
import type { AnonymiseOptions, UnlockedVault } from '../../src/index.js'
import { bytesOf } from '../kit/archives.js'
import { testBrowser } from '../kit/tabs.js'

interface Copy {
  readonly exportedAt: number
  readonly sessions: readonly Record<string, unknown>[]
  readonly chatLogs: readonly (Record<string, unknown> & { readonly messages: readonly Record<string, unknown>[] })[]
  readonly brains: readonly Record<string, unknown>[]
}

const at = Date.UTC(2026, 4, 6, 7, 8, 9)

async function copyOf(open: UnlockedVault, anonymise: AnonymiseOptions = {}): Promise<{ text: string; copy: Copy }> {
  const text = new TextDecoder().decode(await bytesOf(await open.exportJson({ unprotected: true, anonymise })))
  return { text, copy: JSON.parse(text) as Copy }
}

async function chatOf(said: readonly (readonly [senderId: string, content: string])[]): Promise<UnlockedVault> {
  const open = await testBrowser().tab()
  const { chatLogId } = await open.sessions.create({ id: 'our trip', connectionId: 'ws-77', participants: ['Ada Lovelace', 'guide-7'], title: 'Ada Lovelace and guide-7 go to Vienna', keywords: ['vienna', 'Lovelace'], createdAt: at, lastActivityAt: at + 5000, chatLogId: 'log of the trip' })
  await open.chatLogs.append(chatLogId, said.map(([senderId, content], i) => ({ id: `secret-id-${i}`, senderId, type: 'user' as const, content, timestamp: at + i * 1000, metadata: { context: { home: 'Ockham Park' }, images: ['data:image/png;base64,AAAA'] } })))
  await open.brains.put({ entityId: 'guide-7', model: 'small', configuration: { owner: 'Ada Lovelace' }, memories: ['Ada Lovelace likes trains'] })
  await open.preferences.set('home', 'Ockham Park')
  return open
}

/** What becomes of one text that Ada wrote to guide-7. */
async function saidBy(content: string, options: AnonymiseOptions = {}): Promise<unknown> {
  return (await copyOf(await chatOf([['Ada Lovelace', content]]), options)).copy.chatLogs[0]!.messages[0]!['content']
}

describe('an anonymised copy', () => {
  it('says the same of the same people, and nothing of who they are', async () => {
    const open = await chatOf([['Ada Lovelace', 'Is guide-7 there? It is Ada.'], ['guide-7', 'Yes, Ada Lovelace!']])
    const { text, copy } = await copyOf(open)
    expect(copy.exportedAt).toBe(0)
    expect(copy.sessions).toEqual([
      { id: 'session-1', connectionId: 'connection-1', participants: ['person-1', 'person-2'], state: 'active', title: 'person-1 and person-2 go to Vienna', titled: true, keywords: ['vienna', 'person-1'], createdAt: 0, lastActivityAt: 5000, messageCount: 2, chatLogId: 'chat-1', modifiedAt: expect.any(Number) },
    ])
    expect(copy.chatLogs).toEqual([
      {
        id: 'chat-1',
        sessionId: 'session-1',
        createdAt: expect.any(Number),
        modifiedAt: expect.any(Number),
        messages: [
          { id: 'message-1', senderId: 'person-1', type: 'user', content: 'Is person-2 there? It is person-1.', timestamp: 0, modifiedAt: expect.any(Number) },
          { id: 'message-2', senderId: 'person-2', type: 'user', content: 'Yes, person-1!', timestamp: 1000, modifiedAt: expect.any(Number) },
        ],
      },
    ])
    expect(copy.brains).toEqual([{ entityId: 'person-2', model: 'small', configuration: {}, memories: [], modifiedAt: expect.any(Number) }])
    expect(text).not.toMatch(/ada|lovelace|guide|ws-77|secret|our trip|log of|ockham|base64|home/i)
    expect(text).toContain('"preferences":[],"collections":{}')
    await open.lock()
  })

  it('comes back as a vault of its own', async () => {
    const open = await chatOf([['Ada Lovelace', 'Is guide-7 there?'], ['guide-7', 'Yes.']])
    const { text } = await copyOf(open)
    const other = await testBrowser().tab()
    const report = await other.importJson(text)
    expect(report.counts).toMatchObject({ sessions: { added: 1 }, messages: { added: 2 }, brains: { added: 1 } })
    expect((await other.chatLogs.read('chat-1')).map(({ senderId, content }) => [senderId, content])).toEqual([['person-1', 'Is person-2 there?'], ['person-2', 'Yes.']])
    expect((await other.sessions.get('session-1'))?.title).toBe('person-1 and person-2 go to Vienna')
  })

  it.each([
    ['a name in any case, between whatever is no letter', 'ADA, (ada) ada_lovelace "Ada  Lovelace"', 'person-1, (person-1) person-1 "person-1"'],
    ['not what only contains one', 'Adam met Nevada and guide-77', 'Adam met Nevada and guide-77'],
    ['the longest name there is', 'Ada Lovelace-Byron', 'person-1-Byron'],
    ['decomposed letters as composed ones', 'Ada\u0301 is another, Ada is not', 'Adá is another, person-1 is not'],
    ['addresses, links and long numbers', 'ada@example.org, https://example.org/ada?x=1 www.example.org +43 (0)1 234-56 78, 2026-05-06 and 12345', '[email], [link] [link] [number], [number] and 12345'],
    ['no number that only looks like somebody', 'person-1 is Ada, person-4301234567 is not', 'person-1 is person-1, [number] is not'],
    ['what a case does to the length of a word', 'İİ Ada and ΆΔΑΣ', 'İİ person-1 and ΆΔΑΣ'],
    ['addresses with words in them', 'grace@acme.com, acme@secret.org or ada@acme.com', '[email], [email] or [email]'],
    ['links wherever they begin', '_https://secret.example/abc_ _www.secret.example_ xftp://secret.example/x mailto:x@y data:text/plain;base64,AAAA', '_[link] _[link] [link] [link] [link]'],
    ['addresses in scripts with marks', 'नमस्ते@example.org', '[email]'],
    ['scripts without capitals', 'アダ and Ada', 'アダ and person-1'],
  ])('replaces %s', async (_what, content, expected) => {
    expect(await saidBy(content, { words: ['acme'] })).toBe(expected)
  })

  it('replaces words that it is told, each by its own', async () => {
    expect(await saidBy('From Vienna to the Kahlenberg. From VIENNA, c++ and c#', { words: ['vienna', 'The Kahlenberg'] })).toBe('From [word-1] to [word-2]. From [word-1], c++ and c#')
  })

  it('knows names that change their length or depend on their place in another case', async () => {
    const open = await testBrowser().tab()
    const { chatLogId } = await open.sessions.create({ participants: ['İrem', 'Οδυσσεύς', '@𝒜da!', "Mary O'Hara", 'Li Wu', 'ΝΙΚΟΣ.Α'] })
    await open.chatLogs.append(chatLogId, { senderId: 'İrem', type: 'user', content: 'İREM? İrem, ΟΔΥΣΣΕΎΣ und Οδυσσεύς, 𝒜da𝒜 𝒜DA, O’Hara, Li\u00a0Wu and ΝΙΚΟΣ.Α' })
    expect((await copyOf(open)).copy.chatLogs[0]!.messages[0]!['content']).toBe('person-1? person-1, person-2 und person-2, 𝒜da𝒜 person-3, person-4, person-5 and person-6')
  })

  it('knows whoever says something later, or in another chat', async () => {
    const open = await chatOf([['Ada Lovelace', 'Hello Grace, where is Lin?'], ['Grace', 'hi']])
    const other = await open.sessions.create({ id: 'other' })
    await open.chatLogs.append(other.chatLogId, { senderId: 'Lin', type: 'user', content: 'here', timestamp: at })
    await open.sessions.update('our trip', { title: 'Ada and Grace' })
    const copy = JSON.parse(new TextDecoder().decode(await bytesOf(await open.exportJson({ unprotected: true, sessionIds: ['our trip'], anonymise: {} })))) as Copy
    expect(copy.sessions[0]!['title']).toMatch(/^person-\d and person-\d$/)
    expect(copy.chatLogs[0]!.messages[0]!['content']).toMatch(/^Hello person-\d, where is person-\d\?$/)
  })

  it.each([
    ['write to grace.hopper@secret-company.example.org', /grace|hopper|secret|company/i],
    ['call +43 664 123 456 789 now', /[1-9]/],
    ['see https://secret.example.org/path', /secret|example/],
    ['ask Ada Lovelace', /ada|love/i],
  ])('has no half of anything in a title that was cut off: %s', async (secret, leak) => {
    for (let before = 20; before < 80; before += 3) {
      const open = await testBrowser().tab()
      const { chatLogId } = await open.sessions.create({ participants: ['Ada Lovelace'] })
      await open.chatLogs.append(chatLogId, { senderId: 'Ada Lovelace', type: 'user', content: `${'x'.repeat(before)} ${secret} ${'y'.repeat(90)}`, timestamp: at })
      expect(String((await copyOf(open)).copy.sessions[0]!['title']).replaceAll(/person-1/g, '')).not.toMatch(leak)
      await open.lock()
    }
  })

  it('tells no time by one that is none', async () => {
    const open = await testBrowser().tab()
    await open.importJson(JSON.stringify({ version: 1, sessions: [], chatLogs: [{ id: 'c', messages: [{ id: 'm', senderId: 'ada', type: 'user', content: 'x', timestamp: at }] }] }))
    const { id } = await open.sessions.create({ createdAt: at + 7000, lastActivityAt: at + 8000 })
    expect(id).toBeTypeOf('string')
    const { copy } = await copyOf(open)
    expect(copy.sessions[0]).toMatchObject({ createdAt: 7000, lastActivityAt: 8000 })
    expect(copy.chatLogs.map(({ messages }) => messages.map(({ timestamp }) => timestamp)).flat()).toEqual([0])
    // A copy of a copy begins where the first one did.
    const again = await testBrowser().tab()
    await again.importJson(JSON.stringify(copy))
    expect((await copyOf(again)).copy.sessions[0]).toMatchObject({ createdAt: 7000, lastActivityAt: 8000 })
  })

  it('masks what was said where that is asked for, and leaves its shape', async () => {
    const open = await chatOf([['Ada Lovelace', 'Ich heiße Ada, 36.\n日本 e\u0301']])
    const { text, copy } = await copyOf(open, { texts: 'mask' })
    expect(copy.chatLogs[0]!.messages[0]!['content']).toBe('xxx xxxxx xxx, 00.\nxx x')
    expect(copy.sessions[0]).toMatchObject({ title: 'xxx xxxxxxxx xxx xxxxx-0 xx xx xxxxxx', keywords: [] })
    expect(text).not.toMatch(/ada|vienna/i)
  })

  it('tells no more of times than it is to', async () => {
    const open = await chatOf([['Ada Lovelace', 'now']])
    const day = await copyOf(open, { times: 'day' })
    expect(day.copy.chatLogs[0]!.messages[0]!['timestamp']).toBe(Date.UTC(2026, 4, 6))
    expect(day.copy.exportedAt % 86_400_000).toBe(0)
    const kept = await copyOf(open, { times: 'keep' })
    expect(kept.copy.chatLogs[0]!.messages[0]!['timestamp']).toBe(at)
    expect(kept.copy.sessions[0]).toMatchObject({ createdAt: at, lastActivityAt: at + 5000 })
  })

  it('is made of what is whole, whatever is damaged beside it', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    await open.load([
      { session: { id: 'whole', participants: ['Ada'] }, messages: [{ senderId: 'Ada', type: 'user', content: 'Ada is here', timestamp: at }] },
      { session: { id: 'damaged' }, messages: Array.from({ length: 2000 }, (_, i) => ({ senderId: 'Grace', type: 'user' as const, content: `${i}`, timestamp: at + i })) },
    ])
    await open.lock()
    const rows = browser.disk.rows('test', 'pages')
    // Longer than the one of the whole chat, whatever its label is.
    const [label] = [...rows.entries()].sort(([, a], [, b]) => b.length - a.length)[0]!
    rows.delete(label)
    const again = await browser.tab()
    const copyOfSession = async (sessionId: string): Promise<Copy> => JSON.parse(new TextDecoder().decode(await bytesOf(await again.exportJson({ unprotected: true, sessionIds: [sessionId], anonymise: {} })))) as Copy
    expect((await copyOfSession('whole')).chatLogs[0]!.messages[0]!['content']).toBe('person-1 is here')
    await expect(copyOfSession('damaged')).rejects.toMatchObject({ code: 'corrupt' })
  })

  it('is of what is chosen, and of what an app keeps for itself never', async () => {
    const open = await chatOf([['Ada Lovelace', 'chosen']])
    const other = await open.sessions.create({ id: 'other', participants: ['Grace'] })
    await open.chatLogs.append(other.chatLogId, { senderId: 'Grace', type: 'user', content: 'I know Ada', timestamp: at })
    const bytes = await bytesOf(await open.exportJson({ unprotected: true, sessionIds: ['other'], anonymise: {} }))
    const copy = JSON.parse(new TextDecoder().decode(bytes)) as Copy
    expect([copy.sessions.length, copy.brains.length]).toEqual([1, 0])
    // Of people who are in no chat of the copy, too.
    expect(copy.chatLogs[0]!.messages[0]!['content']).toBe('I know person-2')
    for (const field of ['preferences', 'collections']) {
      await expect(open.exportJson({ unprotected: true, anonymise: {}, [field]: true })).rejects.toMatchObject({ code: 'invalid-value', details: { where: 'export', fields: [field] } })
    }
  })

  it.each([
    [{ words: ['…'] }, 'words.0'],
    [{ words: 'vienna' }, 'words'],
    [{ times: 'never' }, 'times'],
    [{ texts: '' }, 'texts'],
  ])('is not made of %j', async (options, field) => {
    const open = await chatOf([])
    await expect(open.exportJson({ unprotected: true, anonymise: options as AnonymiseOptions })).rejects.toMatchObject({ code: 'invalid-value', details: { where: 'export', fields: [field] } })
    await expect(open.exportJson({ anonymise: {} } as never)).rejects.toThrow(TypeError)
  })

  it('takes its time by the length of a text, whatever is in it', async () => {
    const open = await chatOf(['a'.repeat(300_000), '1 '.repeat(150_000), 'a.'.repeat(150_000), `@${'a-'.repeat(150_000)}`, 'ada '.repeat(75_000), `person-${'1'.repeat(200_000)}`].map((content) => ['Ada Lovelace', content] as const))
    const started = performance.now()
    await copyOf(open)
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})
