// New keys in real browsers, made as a person makes them: with a pause, over a reload, while a second tab writes; and what the page says of all that is stored.
// The tests of one engine are steps of one story and build on each other.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, firefox } from 'playwright'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { chromiumLaunchOptions, findBrowser, firefoxLaunchOptions } from '../../scripts/browsers.mjs'
import { readCode, typeBack } from './kit/backup-steps.mjs'
import { type CorpusFile, makeLargeCorpus } from './kit/corpus-file.js'
import { KeysPanel } from './kit/keys-panel.js'
import { type PageServer, servePage } from './kit/page-server.js'
import { SearchBox } from './kit/search-box.js'
import { countStoredBytes, damagePage } from './kit/stored-bytes.js'
import { collectComplaints, VaultPage } from './kit/vault-page.js'
import { storyOf } from './kit/story.ts'

const PASSWORD = 'a long enough password'

/** Thousands of rows: enough to be in the middle of it for a while. */
const MESSAGES = 20_000
const DAY_MS = 86_400_000

const engines = [
  { engine: 'chromium', launch: () => chromium.launch({ ...chromiumLaunchOptions(), headless: true }) },
  { engine: 'firefox', launch: () => firefox.launch({ ...firefoxLaunchOptions(), headless: true }) },
] as const

let folder: string
let server: PageServer
let corpus: CorpusFile

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-vault-rotation-'))
  corpus = makeLargeCorpus(folder, MESSAGES)
  server = await servePage(folder)
})

afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

describe.each(engines)('new keys in $engine', ({ engine, launch }) => {
  const found = findBrowser(engine) !== undefined
  const story = storyOf(found)
  let browser: Browser
  let context: BrowserContext
  let complaints: string[]
  let vault: VaultPage
  let keys: KeysPanel
  let counted: { readonly conversations: number; readonly messages: number }
  const say = (text: string): void => console.log(`${engine}: ${text}`)

  const openTab = async (): Promise<VaultPage> => {
    const tab = await VaultPage.open(context, server.url)
    await tab.unlock(PASSWORD)
    return tab
  }

  beforeAll(async () => {
    if (!found) return
    browser = await launch()
    context = await browser.newContext()
    context.setDefaultTimeout(15_000)
    complaints = collectComplaints(context)
    vault = await VaultPage.open(context, server.url)
    keys = new KeysPanel(vault)
    await vault.create(PASSWORD)
    await vault.load(corpus.path)
    // The index of what was loaded is there when the check has ended.
    counted = await vault.countByCheck()
  })

  afterAll(async () => {
    if (found) await browser.close()
  })

  story('says what is stored, to the byte, and finds nothing to worry about', async () => {
    const audited = await keys.audit()
    const stored = await countStoredBytes(vault.page)
    expect(audited).toMatchObject({ keys: { 1: 'active' }, alarms: 0, wordless: [] })
    expect(audited.sums).toEqual({ sealed: audited.sealed, unsealed: audited.unsealed })
    const outside = audited.sealed + audited.unsealed - stored.database
    // A second copy of the canary may lie in a file.
    expect(outside).toBeGreaterThanOrEqual(stored.outside)
    expect(outside).toBeLessThan(2 * stored.outside)
    say(`${audited.sealed} bytes sealed, ${audited.unsealed} not, ${outside} of them beside the database`)
  })

  story('refuses a wrong password and changes nothing', async () => {
    expect(await keys.age()).toContain('just now')
    await keys.begin('not the password')
    expect(await keys.waitForRefusal()).toBe('That is not the password of this vault. Nothing was changed.')
    expect(await vault.page.locator('#keys-progress').count()).toBe(0)
    expect((await keys.audit()).keys).toEqual({ 1: 'active' })
  })

  story('shows how far it is, and pauses', async () => {
    await keys.pauseAfter(200)
    await keys.begin(PASSWORD)
    await keys.waitForPause()
    // What was on its way may still come.
    await vault.page.waitForTimeout(700)
    const before = await keys.progress()
    await vault.page.waitForTimeout(700)
    expect(await keys.progress()).toEqual(before)
    say(`paused after ${before.done} of ${before.total} rows`)
    expect(before.done).toBeGreaterThanOrEqual(200)
    expect(before.done).toBeLessThan(before.total)
    // The focus is where it is of use, not lost with the form.
    expect(await keys.focused()).toBe('Continue')
    expect(await keys.audit()).toMatchObject({ keys: { 1: 'retiring', 2: 'active' }, alarms: 0, wordless: [] })
  })

  story('lets everything else go on meanwhile, and says so beside it', async () => {
    const { id } = corpus.conversations[2]!
    await vault.openChat(id)
    expect(await keys.line.textContent()).toContain('paused')
    await vault.send('Written while the keys change')
    const search = new SearchBox(vault.page)
    await search.type('while the keys change')
    await search.expectSessions(id)
    await keys.press('Clear the search')
    await vault.page.keyboard.press('Escape')
    await keys.line.getByRole('button', { name: 'Details' }).click()
    await keys.waitForPause()
    expect(await keys.focused()).toBe('New keys')
  })

  story('goes on by itself after a reload, and ends', async () => {
    await vault.reload()
    await vault.unlock(PASSWORD)
    await vault.openSettings()
    const report = await keys.waitForEnd()
    say(report)
    expect(report).toMatch(/^Everything is sealed with the new keys, [\d,]+ rows of it just now\. The old keys are gone\.$/)
    expect(await keys.audit()).toMatchObject({ keys: { 2: 'active' }, alarms: 0 })
    expect(await vault.countByCheck()).toEqual({ ...counted, messages: counted.messages + 2 })
  })

  story('is continued by whoever pauses it, while a second tab writes', async () => {
    const second = await openTab()
    const { id } = corpus.conversations[4]!
    await second.openChat(id)
    await keys.pauseAfter(200)
    await keys.begin(PASSWORD)
    await keys.waitForPause()
    // Not measured over there, but told.
    await new KeysPanel(second).line.waitFor()
    await second.send('Written over there during the pause')
    await keys.press('Continue')
    for (let i = 0; i < 5; i++) await second.send(`Written over there, ${i} of five`)
    say(await keys.waitForEnd())
    expect(await keys.focused()).toBe('New keys')
    await new KeysPanel(second).line.waitFor({ state: 'detached' })
    await second.send('Written over there with the new keys')
    expect(await keys.audit()).toMatchObject({ keys: { 3: 'active' }, alarms: 0 })
    for (const tab of [vault, second]) expect(await tab.countByCheck()).toEqual({ ...counted, messages: counted.messages + 16 })
    await second.page.close()
  })

  story('is brought to its end by another tab when the one that began it is closed', async () => {
    const second = await openTab()
    const there = new KeysPanel(second)
    await second.openSettings()
    await keys.pauseAfter(200)
    await keys.begin(PASSWORD)
    await keys.waitForPause()
    await second.page.locator('#keys-status').filter({ hasText: 'made in another tab' }).waitFor()
    await vault.page.close()
    await there.press('Continue')
    say(`the other tab: ${await there.waitForEnd()}`)
    ;[vault, keys] = [second, there]
    expect(await keys.audit()).toMatchObject({ keys: { 4: 'active' }, alarms: 0 })
    expect(await vault.countByCheck()).toEqual({ ...counted, messages: counted.messages + 16 })
  })

  story('says why it is locked to a tab that nobody tells of the new keys', async () => {
    const page = await context.newPage()
    // As if it had slept until the others were gone: it asks nobody.
    await page.addInitScript('BroadcastChannel.prototype.postMessage = () => undefined')
    await page.goto(server.url)
    await page.locator('[data-screen="locked"]').getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Unlock' }).click()
    await page.locator('[data-screen="unlocked"]').waitFor()
    await keys.begin(PASSWORD)
    await page.locator('[data-screen="locked"]').getByText('The keys of the vault were renewed elsewhere').waitFor({ timeout: 30_000 })
    await keys.waitForEnd()
    // What it has always opened with opens it.
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Unlock' }).click()
    await page.locator('#sessions > li').first().waitFor()
    await page.close()
  })

  story('keeps old keys for what is damaged, until somebody gives that up', async () => {
    await damagePage(vault.page)
    await keys.begin(PASSWORD)
    expect(await keys.waitForEnd()).toMatch(/^Everything that can be read is sealed with the new keys\. 1 row is damaged and was left out: in 1 conversation\.$/)
    expect((await keys.audit()).keys).toEqual({ 5: 'quarantine-only', 6: 'active' })
    await keys.press('Give up the damaged rows')
    await keys.begin(PASSWORD, 'Give them up and make new keys')
    await vault.page.locator('#keys-kept').waitFor({ state: 'detached' })
    await keys.waitForEnd()
    expect(await keys.audit()).toMatchObject({ keys: { 7: 'active' }, alarms: 0 })
  })

  story('reminds of new keys after a year, and leads there', async () => {
    await vault.page.addInitScript((ms) => {
      const { now } = Date
      Date.now = () => now() + ms
    }, 400 * DAY_MS)
    await vault.reload()
    await vault.unlock(PASSWORD)
    expect(await keys.line.textContent()).toContain('more than a year old')
    await keys.line.getByRole('button', { name: 'See what new keys do' }).click()
    expect(await keys.age()).toContain('400 days ago')
    expect(await keys.focused()).toBe('New keys')
    await keys.begin(PASSWORD)
    await keys.waitForEnd()
    await vault.page.getByRole('button', { name: 'Settings' }).click()
    await vault.page.locator('#sessions > li').first().waitFor()
    expect(await keys.line.count()).toBe(0)
  })

  story('takes the recovery code in the place of the password', async () => {
    await vault.openSettings()
    await keys.press('Make a recovery code')
    await keys.press('Make the code')
    const code = await readCode(vault.page)
    await typeBack(vault.page, code)
    await keys.press('Check what I have typed')
    await vault.page.getByLabel('Password of the vault').fill(PASSWORD)
    await keys.press('Let the code open the vault')
    await keys.press('Done')
    await keys.press('Use the recovery code')
    const field = vault.page.getByLabel('Recovery code of the vault')
    const other = code.startsWith('0') ? '1' : '0'
    await field.fill(other + code.slice(1))
    await keys.press('Make new keys')
    expect(await keys.waitForRefusal()).toBe('There is a typing mistake in it. Compare it with your paper, group by group. Nothing was changed.')
    expect(await field.evaluate((element) => document.activeElement === element)).toBe(true)
    await field.fill(code)
    await keys.press('Make new keys')
    await keys.waitForEnd()
    expect(await keys.audit()).toMatchObject({ keys: { 9: 'active' }, alarms: 0 })
    expect(await vault.page.locator('#audit .told > li').count()).toBe(2)
  })

  story('says nothing on the console all the while', () => {
    expect(complaints).toEqual([])
  })
})
