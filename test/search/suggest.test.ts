// Words that begin as was typed: which ones, in which order, and how many messages hold them, whatever happened to those.

import { describe, expect, it } from 'vitest'
import type { Suggestion } from '../../src/vault/search/messages/suggest.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { seededRandom } from '../kit/random.js'
import { testBrowser } from '../kit/tabs.js'
import { message } from '../kit/vault-states.js'
import { compareSuggestions } from './kit/suggestions.js'
import { fillVault, generatedSample } from './kit/sample.js'
import { Truth } from './kit/truth.js'

const told = (suggestions: readonly Suggestion[]): string[] => suggestions.map(({ word, messages }) => `${word} ${messages}`)
const TEXTS = ['The night train to Zürich', 'A nightly train, night after night', 'ZURICH at night', 'nice', 'snake_case nine', 'camelCaseName', '東京タワー', 'x2 x10']

async function filled(options: { readonly index?: boolean } = {}): Promise<{ open: UnlockedVault; browser: ReturnType<typeof testBrowser>; chatLogId: string; sent: readonly { readonly id: string }[] }> {
  const browser = testBrowser()
  const open = await browser.tab(options)
  const { chatLogId } = await open.sessions.create({ id: 'one' })
  return { open, browser, chatLogId, sent: await open.chatLogs.append(chatLogId, TEXTS.map((text) => message(text))) }
}

describe.each([['with an index', {}], ['without an index', { index: false }]])('what is suggested, %s,', (_, options) => {
  it('begins with the last word, those of most messages first, then by their letters; pending and folded', async () => {
    const { open } = await filled(options)
    for (const step of ['pending', 'folded']) {
      expect(told(await open.suggest('ni')), step).toEqual(['night 3', 'nice 1', 'nightly 1', 'nine 1'])
      expect(told(await open.suggest('ni', { limit: 2 }))).toEqual(['night 3', 'nice 1'])
      expect(told(await open.suggest('the NIGHT'))).toEqual(['night 3', 'nightly 1'])
      expect(told(await open.suggest('"the Zü'))).toEqual(['zurich 2'])
      expect(told(await open.suggest('-nine'))).toEqual(['nine 1'])
      expect(told(await open.suggest('snake_ca'))).toEqual(['case 2', 'camel 1', 'camelcasename 1'])
      expect(told(await open.suggest('camelCa'))).toEqual(['camelcasename 1'])
      expect(told(await open.suggest('東'))).toEqual(['東京 1'])
      expect(told(await open.suggest('東京タ'))).toEqual(['京タ 1'])
      expect(told(await open.suggest('x'))).toEqual(['x10 1', 'x2 1'])
      for (const nothing of ['', ' ', 'night ', '...', 'q', 'ight']) expect(await open.suggest(nothing), nothing).toEqual([])
      expect(await open.suggest('ni', { limit: 0 })).toEqual([])
      await open.checkpoint()
      open.releaseMemory()
    }
  })

  it('counts nothing of what was edited or deleted, before and after the log is folded', async () => {
    const { open, chatLogId, sent } = await filled(options)
    const other = await open.sessions.create({ id: 'two' })
    await open.chatLogs.append(other.chatLogId, Array.from({ length: 20 }, () => message('nights nine')))
    await open.checkpoint()
    await open.chatLogs.update(chatLogId, sent[0]!.id, { content: 'nightly' })
    await open.chatLogs.deleteMessage(chatLogId, sent[1]!.id)
    await open.sessions.delete('two')
    for (const step of ['pending', 'folded']) {
      expect(told(await open.suggest('ni')), step).toEqual(['nice 1', 'night 1', 'nightly 1', 'nine 1'])
      expect(told(await open.suggest('nights'))).toEqual([])
      await open.checkpoint()
    }
  })

  it('looks behind words of which little is left', async () => {
    const { open, chatLogId } = await filled(options)
    const faded = [...'abcdefghijklmnopqrst'].map((letter) => `qui${letter}`).join(' ')
    const other = await open.sessions.create({ id: 'two' })
    await open.chatLogs.append(other.chatLogId, Array.from({ length: 20 }, () => message(faded)))
    await open.chatLogs.append(chatLogId, [message(faded), ...Array.from({ length: 19 }, () => message('quiz'))])
    await open.checkpoint()
    await open.sessions.delete('two')
    expect(told(await open.suggest('qui', { limit: 2 }))).toEqual(['quiz 19', 'quia 1'])
  })

  it('is nobody who sent, and no type of message', async () => {
    const { open } = await filled(options)
    await open.checkpoint()
    for (const control of ['\u0001', 's', 'ad', 'us']) expect((await open.suggest(control, { limit: Infinity })).filter(({ word }) => /ada|user/u.test(word))).toEqual([])
  })
})

describe('suggestions', () => {
  it.each([0, 12])('over many pages of words equal a count by hand, with %i conversations pending', { timeout: 60_000 }, async (pending) => {
    const open = await testBrowser().tab()
    const sample = generatedSample(3, 600)
    await fillVault(open, sample, pending)
    expect(await compareSuggestions(open, new Truth(sample.messages), seededRandom(3), 300)).toEqual([])
  })

  it('take in what a load has just brought', async () => {
    const open = await testBrowser().tab()
    await open.load([{ session: { id: 'loaded' }, messages: [message('a zeppelin'), message('two zeppelins and a zeppelin')] }])
    expect(told(await open.suggest('zep'))).toEqual(['zeppelin 2', 'zeppelins 1'])
  })

  it('come from the messages when the index is damaged, and a warning says so', async () => {
    const { open, browser } = await filled()
    await open.checkpoint()
    await open.lock()
    const rows = browser.disk.rows('test', 'blocks')
    for (const key of rows.keys()) rows.delete(key)
    const again = await browser.tab()
    const warnings: unknown[] = []
    again.subscribe((event) => void (event.kind === 'warning' && warnings.push(event.error.details.where)))
    expect(told(await again.suggest('ni'))).toEqual(['night 3', 'nice 1', 'nightly 1', 'nine 1'])
    expect(warnings).toContain('blocks')
  })

  it('refuse what is no string or limit, and end with the signal and the lock', async () => {
    const { open } = await filled()
    await expect(open.suggest(3 as never)).rejects.toThrow(TypeError)
    for (const limit of [-1, 1.5, NaN]) await expect(open.suggest('ni', { limit })).rejects.toThrow(RangeError)
    await expect(open.suggest('ni', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    await open.lock()
    await expect(open.suggest('ni')).rejects.toMatchObject({ code: 'locked' })
  })
})
