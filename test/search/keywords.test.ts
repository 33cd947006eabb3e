// Keywords from the words of chat logs: which words tell, and whose keywords may be replaced.

import { describe, expect, it } from 'vitest'
import { pickKeywords, SessionWords } from '../../src/vault/search/records/telling-words.js'
import type { KeywordOptions } from '../../src/vault/search/records/generate-keywords.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { testBrowser } from '../kit/tabs.js'
import { message } from '../kit/vault-states.js'


/** Keywords of a chat in a vault where the words named are commonplace and all others are only here. */
function keywordsOf(contents: readonly string[], common: readonly string[] = [], limit = 5): string[] {
  const words = new SessionWords()
  for (const content of contents) words.add(content)
  const candidates = words.candidates()
  return pickKeywords(candidates, words.messages, (term) => ({ messages: 1000, holding: common.includes(term) ? 700 : (candidates.find((word) => word.term === term)?.messages ?? 0) }), limit)
}

describe('the words that tell', () => {
  it('are often here and seldom elsewhere', () => {
    const chat = ['The night train goes to Vienna', 'Is the train slow?', 'The train is slow, and the bed in the train is small', 'Vienna, the train, the Vienna']
    expect(keywordsOf(chat, ['the', 'is', 'and', 'to', 'in', 'slow'], 2)).toEqual(['train', 'Vienna'])
    expect(keywordsOf(chat, ['the', 'is', 'and', 'to', 'in', 'slow', 'train'], 1)).toEqual(['Vienna'])
  })

  it('are spelled as they are most often, of equals as first', () => {
    expect(keywordsOf(['Café, café and CAFÉ; cafe', 'a café'], ['and'], 1)).toEqual(['café'])
    expect(keywordsOf(['PARIS Paris'], [], 1)).toEqual(['PARIS'])
    expect(keywordsOf(['the JavaScript of JavaScript, java'], ['the', 'of'], 1)).toEqual(['JavaScript'])
  })

  it('are no numbers, no letters, no pictures, no keys', () => {
    expect(keywordsOf(['1984 1984 x x ё ё 👍 👍 3.5 ٣٤ ٣٤', `${'abcdefghij'.repeat(5)} ${'abcdefghij'.repeat(5)}`])).toEqual([])
    expect(keywordsOf(['windows98 windows98 1998'])).toEqual(['windows98'])
  })

  it('are said twice, but in a tiny chat', () => {
    const filler = Array.from({ length: 120 }, (_, i) => `word${String.fromCharCode(97 + (i % 26))}${i}`).join(' ')
    expect(keywordsOf([`${filler} lighthouse keeper lighthouse`])).toEqual(['lighthouse'])
    expect(keywordsOf(['Book the night train'], ['the'])).toEqual(['Book', 'night', 'train', 'the'])
  })

  it.each([
    ['Cyrillic', ['Ночной поезд в Вену', 'Поезд опоздал, поезд'], 'поезд'],
    ['Greek', ['Το τρένο για τη Βιέννη', 'τρένο'], 'τρένο'],
    ['Arabic', ['قطار الليل', 'القطار قطار'], 'قطار'],
    ['Devanagari', ['रात की ट्रेन', 'ट्रेन'], 'ट्रेन'],
    ['Turkish', ['İstanbul treni', 'İstanbul'], 'İstanbul'],
  ])('are found in %s', (_, contents, word) => {
    expect(keywordsOf(contents, [], 1)).toEqual([word])
  })

  it('are parts of words in scripts without spaces only where there are no words', () => {
    expect(keywordsOf(['東京タワー', '東京駅'], [], 1)).toEqual(['東京'])
    expect(keywordsOf(['東京でiPhoneを買う', '東京'], [], 5)).toEqual(['iPhone'])
    // The last sign of a run alone is no word.
    expect(keywordsOf(['人', '人'])).toEqual([])
  })

  it('are none where everything is as everywhere', () => {
    const words = new SessionWords()
    words.add('the same old words')
    words.add('the same old words')
    expect(pickKeywords(words.candidates(), 2, () => ({ messages: 100, holding: 100 }), 5)).toEqual([])
  })

  it('do not depend on how common a word was a moment ago', () => {
    const words = new SessionWords()
    words.add('gone gone')
    for (const holding of [0, 1, 5]) expect(pickKeywords(words.candidates(), 1, () => ({ messages: holding, holding: 0 }), 5)).toEqual(['gone'])
  })
})

const TOPICS: Readonly<Record<string, readonly string[]>> = {
  trains: ['Can you book the night train to Vienna for me?', 'The night train to Vienna is full, but there is a day train to Graz', 'Then the train to Graz, and a bed in Vienna'],
  soup: ['How do I make the onion soup that you told me about?', 'For the soup, any soup, you need an onion, butter and time', 'Is the butter for the onion or for the soup?'],
  code: ['Why is the parser of this compiler so slow?', 'The parser of the compiler reads the file twice', 'Then make the parser read the file once'],
  garden: ['When do I plant the tulips in the garden?', 'Tulips, and such tulips, are for the autumn; the garden is still warm then', 'And is there a place for tulips in the shade of this garden?'],
}

/** What says nothing, so that it is known to say nothing. */
const SMALL_TALK = Array.from({ length: 10 }, () => message('You and I read the one or the other, for it is so; do you think that this is what they are? Me, too. But to make them is to be there in time, of a kind'))

async function someChats(): Promise<{ open: UnlockedVault; browser: ReturnType<typeof testBrowser> }> {
  const browser = testBrowser()
  const open = await browser.tab()
  for (const [id, contents] of Object.entries(TOPICS)) {
    const { chatLogId } = await open.sessions.create({ id })
    await open.chatLogs.append(chatLogId, contents.map(message))
  }
  const talk = await open.chatLogs.create()
  await open.chatLogs.append(talk.id, SMALL_TALK)
  return { open, browser }
}
const keywords = async (open: UnlockedVault, id: string): Promise<readonly string[]> => (await open.sessions.get(id))!.keywords

describe('generating keywords', () => {
  it('gives each session the words that tell it from the others', async () => {
    const { open } = await someChats()
    expect(await open.generateKeywords({ perSession: 2 })).toEqual({ changed: 4, unchanged: 0, own: 0 })
    expect(await Promise.all(Object.keys(TOPICS).map((id) => keywords(open, id)))).toEqual([['train', 'Vienna'], ['soup', 'onion'], ['parser', 'compiler'], ['tulips', 'garden']])
    expect(await open.generateKeywords()).toMatchObject({ changed: 4 })
    for (const id of Object.keys(TOPICS)) expect((await keywords(open, id)).length).toBeLessThanOrEqual(5)
  })

  it('gives the same again and then writes nothing, pending or folded, in every tab', async () => {
    const { open, browser } = await someChats()
    await open.generateKeywords()
    const before = await open.sessions.list()
    await open.checkpoint()
    open.releaseMemory()
    const other = await browser.tab()
    expect(await other.generateKeywords()).toEqual({ changed: 0, unchanged: 4, own: 0 })
    expect(await open.sessions.list()).toEqual(before)
    expect(before[0]).not.toHaveProperty('keywordsGenerated')
  })

  it('follows the messages: more of them, fewer, none', async () => {
    const { open } = await someChats()
    await open.generateKeywords({ perSession: 1 })
    const { chatLogId } = (await open.sessions.get('soup'))!
    await open.chatLogs.append(chatLogId!, Array.from({ length: 5 }, () => message('dumplings, dumplings')))
    expect(await open.generateKeywords({ perSession: 1 })).toMatchObject({ changed: 1, unchanged: 3 })
    expect(await keywords(open, 'soup')).toEqual(['dumplings'])
    await open.chatLogs.delete(chatLogId!)
    expect(await open.generateKeywords({ perSession: 1 })).toMatchObject({ changed: 1 })
    expect(await keywords(open, 'soup')).toEqual([])
    const log = await open.chatLogs.create({ sessionId: 'soup' })
    const second = await open.chatLogs.create({ sessionId: 'soup' })
    await open.chatLogs.append(log.id, message('noodles'))
    await open.chatLogs.append(second.id, [message('noodles'), message('rice')])
    await open.generateKeywords({ perSession: 1 })
    expect(await keywords(open, 'soup')).toEqual(['noodles'])
  })

  it('never replaces what the app set, by create, update, load or in a transaction', async () => {
    const { open } = await someChats()
    await open.sessions.create({ id: 'created', keywords: ['mine'] })
    await open.load([{ session: { id: 'loaded', keywords: ['ours'] }, messages: [message('lighthouse lighthouse')] }, { session: { id: 'open' }, messages: [message('lighthouse lighthouse')] }])
    await open.sessions.update('soup', { keywords: ['set'] })
    await open.transact(async (tx) => tx.sessions.update('code', { keywords: ['both'] }))
    expect(await open.generateKeywords()).toEqual({ changed: 3, unchanged: 0, own: 4 })
    for (const [id, keyword] of [['created', 'mine'], ['loaded', 'ours'], ['soup', 'set'], ['code', 'both']] as const) expect(await keywords(open, id)).toEqual([keyword])
    expect(await keywords(open, 'open')).toEqual(['lighthouse'])
  })

  it('yields for good to keywords set later, and takes a session back that has none', async () => {
    const { open } = await someChats()
    await open.generateKeywords({ perSession: 1 })
    // Other changes leave them generated ones.
    await open.sessions.update('trains', { title: 'Journeys', state: 'inactive' })
    await open.sessions.touch('trains')
    await open.sessions.update('soup', { keywords: await keywords(open, 'soup') })
    expect(await open.generateKeywords({ perSession: 2 })).toEqual({ changed: 3, unchanged: 0, own: 1 })
    expect(await keywords(open, 'trains')).toEqual(['train', 'Vienna'])
    expect(await keywords(open, 'soup')).toEqual(['soup'])
    await open.checkpoint()
    await open.sessions.update('soup', { keywords: [] })
    expect(await keywords(open, 'soup')).toEqual([])
    await open.generateKeywords({ perSession: 2 })
    expect(await keywords(open, 'soup')).toEqual(['soup', 'onion'])
  })

  it('leaves alone what is set, and passes over what is deleted, while it reads', async () => {
    const { open } = await someChats()
    const report = await open.generateKeywords({
      perSession: 1,
      onProgress: ({ phase }) => {
        if (phase !== 'read') return
        void open.sessions.update('soup', { keywords: ['mine'] })
        void open.sessions.delete('code')
      },
    })
    expect(report).toEqual({ changed: 2, unchanged: 2, own: 0 })
    expect(await keywords(open, 'soup')).toEqual(['mine'])
    expect(await open.sessions.get('code')).toBeUndefined()
  })

  it('keeps to the sessions it is asked for, and finds what it gave', async () => {
    const { open } = await someChats()
    expect(await open.generateKeywords({ sessionIds: ['soup', 'nowhere'], perSession: 1 })).toEqual({ changed: 1, unchanged: 0, own: 0 })
    expect(await keywords(open, 'trains')).toEqual([])
    expect((await open.searchSessions('soup')).map(({ session, matched }) => [session.id, matched])).toEqual([['soup', ['title', 'keyword', 'id']]])
  })

  it('reads long contents', async () => {
    const { open } = await someChats()
    const { chatLogId } = await open.sessions.create({ id: 'long' })
    await open.chatLogs.append(chatLogId, [message(`${'the '.repeat(20_000)} ${'lighthouse '.repeat(50)}`), message('the end')])
    for (const perSession of [1, 2]) {
      await open.generateKeywords({ perSession })
      expect((await keywords(open, 'long'))[0]).toBe('lighthouse')
      await open.checkpoint()
    }
  })

  it('commits many sessions at once and says how far it is', async () => {
    const { open } = await someChats()
    await open.load(Array.from({ length: 1200 }, (_, i) => ({ session: { id: `s${i}` }, messages: [message(`topic${'abcdefghij'[i % 10]} and topic${'abcdefghij'[i % 10]}`)] })))
    const told: string[] = []
    const before = (await open.sessions.get('s0'))!.rev
    expect(await open.generateKeywords({ perSession: 1, onProgress: ({ phase, done, total }) => told.push(`${phase} ${done}/${total}`) })).toEqual({ changed: 1204, unchanged: 0, own: 0 })
    expect(told).toEqual(['read 500/1204', 'read 1000/1204', 'read 1204/1204', 'save 500/1204', 'save 1000/1204', 'save 1204/1204'])
    const { rev, keywords: given } = (await open.sessions.get('s1199'))!
    expect(given).toEqual(['topicj'])
    expect(rev - before).toBeLessThan(10)
  })

  it('refuses bad options, and ends with the lock and the signal', async () => {
    const { open } = await someChats()
    for (const perSession of [0, -1, 1.5, NaN, '5', Infinity]) await expect(open.generateKeywords({ perSession } as KeywordOptions)).rejects.toThrow(RangeError)
    await expect(open.generateKeywords({ sessionIds: 'soup' as never })).rejects.toThrow(TypeError)
    await expect(open.generateKeywords({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    const stop = new AbortController()
    await expect(open.generateKeywords({ signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) })).rejects.toThrow('enough')
    expect(await keywords(open, 'soup')).toEqual([])
    await expect(open.generateKeywords({ onProgress: () => void open.lock() })).rejects.toMatchObject({ code: 'locked' })
    await expect(open.generateKeywords()).rejects.toMatchObject({ code: 'locked' })
  })
})
