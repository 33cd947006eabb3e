// The search of the page in real browsers: what it finds with every letter, the way from there into a chat, what it keeps, and how long a letter takes.
// The tests of one engine are steps of one story and build on each other.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, firefox } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumLaunchOptions, findBrowser, firefoxLaunchOptions } from '../../scripts/browsers.mjs'
import { makeLargeCorpus } from './kit/corpus-file.js'
import { describeTimes, typeTimed, watchKeystrokes } from './kit/keystroke-times.js'
import { type PageServer, servePage } from './kit/page-server.js'
import { LONG_CHAT, writePlanted } from './kit/planted.js'
import { findInClear, SearchBox } from './kit/search-box.js'
import { collectComplaints, VaultPage } from './kit/vault-page.js'
import { storyOf } from './kit/story.js'

const PASSWORD = 'a long enough password'

/** Letters that mostly take longer than this are no slow day any more. */
const ABSURD_MS = 2000
const LARGE = 100_000

const engines = [
  { engine: 'chromium', launch: () => chromium.launch({ ...chromiumLaunchOptions(), headless: true }) },
  { engine: 'firefox', launch: () => firefox.launch({ ...firefoxLaunchOptions(), headless: true }) },
] as const

let folder: string
let server: PageServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-vault-search-'))
  server = await servePage(folder)
})

afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

describe.each(engines)('the search in $engine', ({ engine, launch }) => {
  const found = findBrowser(engine) !== undefined
  const story = storyOf(found)
  let browser: Browser
  let context: BrowserContext
  let complaints: string[]
  let vault: VaultPage
  let search: SearchBox

  beforeAll(async () => {
    if (!found) return
    browser = await launch()
    context = await browser.newContext()
    context.setDefaultTimeout(15_000)
    complaints = collectComplaints(context)
    vault = await VaultPage.open(context, server.url)
    search = new SearchBox(vault.page)
    await vault.create(PASSWORD)
    await vault.loadSample()
    await vault.load(writePlanted(folder))
  })

  afterAll(async () => {
    if (found) await browser.close()
  })

  const press = (key: string): Promise<void> => vault.page.keyboard.press(key)

  story('finds with every letter, by session, with the words marked', async () => {
    await press('/')
    for (const letter of 'trai') {
      await vault.page.keyboard.type(letter)
      await search.answered('trai'.slice(0, 'trai'.indexOf(letter) + 1))
      expect((await search.marks()).every((mark) => mark.toLowerCase().startsWith(letter === 't' ? 't' : 'tr'))).toBe(true)
    }
    await search.expectSessions('sample-night-train')
    expect(await search.marks()).toEqual(['train'])
    expect(await search.status()).toBe('1 match in 1 conversation')
    await search.type('quokka')
    await search.expectSessions('planted-times')
    expect(await search.status()).toBe('4 matches in 1 conversation')
    // The best three of them, newest first.
    expect(await search.hits().locator('.snippet').allTextContents()).toEqual(['The last quokka', 'Quokka, again', 'A quokka beside a wombat'])
  })

  story('offers words that begin so, and completes them', async () => {
    await search.type('a periw')
    await vault.page.getByRole('group', { name: 'Words that begin so' }).getByRole('button', { name: 'periwinkle' }).click()
    await search.answered('a periwinkle ')
    await search.expectSessions('planted-long')
    expect(await search.field.evaluate((field) => document.activeElement === field)).toBe(true)
  })

  story('opens a message with the keyboard, in the middle of its chat, however far from the newest', async () => {
    await search.type('periwinkle')
    expect(await search.active()).toBeNull()
    await press('ArrowDown')
    expect(await search.active()).toContain('Step 12 with a periwinkle')
    await press('Enter')
    expect(await search.opened()).toEqual({ marks: ['periwinkle'], offMiddle: expect.closeTo(0, 1) as number, focused: true })
    expect(await vault.page.locator('#chat-status').textContent()).toMatch(/^\d+ of 1,500 messages$/)
    const texts = (): Promise<readonly string[]> => vault.page.locator('#messages .content').allTextContents()
    const shown = await texts()
    expect(shown[0]).toMatch(/^Step 0,/)
    expect(shown.length).toBeLessThan(200)
    // It grows downwards as somebody scrolls, without a gap.
    await vault.page.locator('#chat-scroll').evaluate((box) => (box.scrollTop = box.scrollHeight))
    await expect.poll(async () => (await texts()).length).toBeGreaterThan(shown.length)
    expect((await texts()).map((text) => /\d+/.exec(text)![0])).toEqual(Array.from({ length: (await texts()).length }, (_, index) => String(index)))
    await vault.page.getByRole('button', { name: 'To the newest messages' }).click()
    await expect.poll(async () => (await texts()).at(-1)).toMatch(`Step ${LONG_CHAT - 1},`)
    await search.type('wombat')
    await press('Enter')
    await expect.poll(async () => (await search.opened()).marks).toEqual(['wombat'])
  })

  story('gives back the list when it is cleared, and listens to its keys everywhere', async () => {
    await press('/')
    expect(await search.field.evaluate((field: HTMLInputElement) => field.value.slice(field.selectionStart!, field.selectionEnd!))).toBe('wombat')
    await press('Escape')
    await vault.page.locator('#sessions').waitFor({ state: 'visible' })
    expect(await vault.page.locator('#results').count()).toBe(0)
    // In another field a stroke is a stroke.
    await vault.page.getByPlaceholder('Write a message').focus()
    await vault.page.keyboard.type('either/or')
    expect(await vault.page.getByPlaceholder('Write a message').inputValue()).toBe('either/or')
    await press('Control+k')
    await search.type('wombat')
    await search.expectSessions('planted-long', 'planted-times')
    await press('ArrowDown')
    await press('ArrowDown')
    expect(await search.active()).toContain('A quokka beside a wombat')
    await press('ArrowUp')
    await press('ArrowUp')
    expect(await search.active()).toBeNull()
  })

  story('narrows what it finds, and orders it', async () => {
    await search.type('quokka')
    const says = (matches: string): Promise<void> => expect.poll(() => search.status()).toMatch(new RegExp(`^${matches}`))
    for (const [age, matches] of [['week', '1 match '], ['month', '2 matches'], ['year', '3 matches'], ['any', '4 matches']] as const) {
      await search.choose('Time', age)
      await says(matches)
    }
    await search.choose('Written by', 'assistant')
    await says('2 matches')
    await search.choose('Written by', 'anyone')
    await search.type('wombat')
    await search.choose('Where', 'here')
    await search.expectSessions('planted-long')
    await search.choose('Where', 'everywhere')
    await search.type('quokka periwinkle')
    await says('No message has this')
    await search.choose('Words', 'any')
    await search.expectSessions('planted-times', 'planted-long')
    await search.choose('Words', 'all')
    await search.type('numbat')
    await search.expectSessions('planted-once', 'planted-often')
    await search.choose('Order', 'relevance')
    await search.expectSessions('planted-often', 'planted-once')
    await search.choose('Order', 'recent')
  })

  story('says which word it took for one that nothing has, and is patient with what is no query yet', async () => {
    await search.type('perwinkle')
    await search.expectSessions('planted-long')
    expect(await search.status()).toBe('Showing results for periwinkle · 1 match')
    expect(await search.marks()).toEqual(['periwinkle'])
    for (const [typed, hint] of [['-', 'Type a word to look for.'], ['*a', 'Three letters or more']] as const) {
      await search.type(typed)
      expect(await search.status()).toContain(hint)
      expect(await vault.page.locator('#search [role="alert"]:not(:empty)').count()).toBe(0)
      await search.expectSessions()
    }
  })

  story('keeps the last searches sealed, until they are to be forgotten', async () => {
    for (const query of ['quokka', 'numbat', 'Quokka', 'xylophonically']) {
      await search.type(query)
      await press('Enter')
      await expect.poll(async () => (await search.opened()).marks.map((mark) => mark.toLowerCase())).toContain(query.toLowerCase())
    }
    await search.focusEmpty()
    const kept = ['xylophonically', 'Quokka', 'numbat', 'wombat', 'periwinkle']
    await expect.poll(() => search.recent()).toEqual(kept)
    await vault.lock()
    await vault.expectNothingShown()
    expect(await findInClear(vault.page, 'xylophonically')).toEqual([])
    await vault.reload()
    await vault.unlock(PASSWORD)
    await search.field.focus()
    await expect.poll(() => search.recent()).toEqual(kept)
    await press('ArrowDown')
    await press('ArrowDown')
    await press('Enter')
    await search.answered('Quokka')
    await search.focusEmpty()
    await vault.page.getByRole('button', { name: 'Forget them' }).click()
    await expect.poll(() => search.recent()).toEqual([])
    await vault.lock()
    await vault.unlock(PASSWORD)
    await search.field.focus()
    expect(await search.recent()).toEqual([])
    expect(complaints).toEqual([])
  })
})

describe('a letter in a vault of 100,000 messages', () => {
  test.skipIf(findBrowser('chromium') === undefined)('shows its results at once', async () => {
    const { path, conversations } = makeLargeCorpus(folder, LARGE)
    const browser = await engines[0].launch()
    const vault = await VaultPage.open(await browser.newContext(), server.url)
    const search = new SearchBox(vault.page)
    await vault.create(PASSWORD)
    await vault.load(path)
    await search.field.focus()
    await watchKeystrokes(vault.page)
    // What was loaded is indexed behind the load; until then every message is read with every letter.
    await expect.poll(async () => Math.max(...(await typeTimed(vault.page, 'a', 0))), { timeout: 60_000, interval: 500 }).toBeLessThan(ABSURD_MS / 8)
    await vault.reload()
    await vault.unlock(PASSWORD)
    await search.field.focus()
    await watchKeystrokes(vault.page)
    const times: number[] = []
    for (const query of ['music festival', 'restaurant', 'what is the best', 'weather', 'football player', 'interesting', 'thank you']) {
      times.push(...(await typeTimed(vault.page, query, 80)))
      if ((await search.status())!.includes('Showing results for')) continue
      const others = (await search.marks()).filter((mark) => !query.split(' ').some((word) => mark.toLowerCase().startsWith(word)))
      expect(others).toEqual([])
    }
    console.log(`from a letter to the frame with its results, ${LARGE.toLocaleString('en')} messages: ${describeTimes(times)}; the first after unlocking ${times[0]!.toFixed(1)} ms; aim: p95 under 50 ms`)
    // Any one letter may meet whatever else the machine does; reading every message, most of them would be slow.
    expect(times.toSorted((one, other) => one - other)[times.length >> 1]!).toBeLessThan(ABSURD_MS)
    const { word, ids } = someRareWord(conversations)
    await search.type(`${word} `)
    await expect.poll(async () => new Set(await search.sessions())).toEqual(new Set(ids))
    expect(new Set((await search.marks()).map((mark) => mark.toLowerCase()))).toEqual(new Set([word]))
    await browser.close()
  })
})

/** A word of which it is plain where it stands, and the conversations that have it. */
function someRareWord(conversations: ReturnType<typeof makeLargeCorpus>['conversations']): { readonly word: string; readonly ids: readonly string[] } {
  const places = new Map<string, Set<string>>()
  for (const { id, messages } of conversations) {
    for (const { content } of messages) {
      for (const word of content.toLowerCase().match(/[a-z]{6,}/g) ?? []) {
        const ids = places.get(word)
        if (ids === undefined) places.set(word, new Set([id]))
        else ids.add(id)
      }
    }
  }
  const [word, ids] = [...places].find(([, { size }]) => size >= 8 && size <= 15)!
  return { word, ids: [...ids] }
}
