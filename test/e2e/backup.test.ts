// Backups and recovery codes in real browsers, as somebody uses them who never heard of encryption: the reminder, the file and who can open it, the paper, the forgotten password.
// The tests of one engine are steps of one story and build on each other.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, firefox, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { chromiumLaunchOptions, findBrowser, firefoxLaunchOptions } from '../../scripts/browsers.mjs'
import { fillTwice, readCode, showAs, typeBack, withoutSaveDialog } from './kit/backup-steps.mjs'
import { nextDownload } from './kit/downloads.js'
import { type PageServer, servePage } from './kit/page-server.js'
import { collectComplaints, VaultPage } from './kit/vault-page.js'
import { storyOf } from './kit/story.ts'

const PASSWORD = 'a long enough password'
const FILE_PASSWORD = 'eleven quiet lanterns'
const NEW_PASSWORD = 'sécond pässword'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const opener = path('../../tools/open-archive.mjs')
const sample = readFileSync(path('../../demo/public/sample.ndjson'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { id: string; messages: { content: string }[] })
const messages = sample.flatMap((conversation) => conversation.messages.map(({ content }) => content))

const engines = [
  { engine: 'chromium', launch: (downloadsPath: string) => chromium.launch({ ...chromiumLaunchOptions(), headless: true, downloadsPath }) },
  { engine: 'firefox', launch: (downloadsPath: string) => firefox.launch({ ...firefoxLaunchOptions(), headless: true, downloadsPath }) },
] as const

let folder: string
let server: PageServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-vault-backup-'))
  server = await servePage(folder)
})

afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

describe.each(engines)('backups in $engine', ({ engine, launch }) => {
  const found = findBrowser(engine) !== undefined
  const story = storyOf(found)
  let downloads: string
  let browser: Browser
  let context: BrowserContext
  let complaints: string[]
  let vault: VaultPage
  let page: Page
  let file: string
  let fileCode: string

  const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click()
  const reminder = () => page.getByRole('complementary', { name: 'Backup' })
  const says = (selector: string, text: string | RegExp): Promise<void> => page.locator(selector).filter({ hasText: text }).waitFor({ timeout: 20_000 })
  const toTask = async (name: string): Promise<void> => {
    await vault.openSettings()
    await press(name)
  }

  beforeAll(async () => {
    if (!found) return
    downloads = join(folder, `${engine}-downloads`)
    mkdirSync(downloads)
    browser = await launch(downloads)
    context = await browser.newContext()
    context.setDefaultTimeout(15_000)
    complaints = collectComplaints(context)
    await withoutSaveDialog(context)
    vault = await VaultPage.open(context, server.url)
    page = vault.page
    await vault.create(PASSWORD)
  })

  afterAll(async () => {
    if (found) await browser.close()
  })

  story('reminds of the first backup when there is something to lose, until told to be still', async () => {
    expect(await reminder().count()).toBe(0)
    await vault.loadSample()
    const first = page.locator('#sessions [data-session]').first()
    await first.waitFor()
    const placeOf = async (): Promise<unknown> => JSON.stringify(await first.boundingBox())
    const before = await placeOf()
    await reminder().filter({ hasText: 'No backup yet: 6 conversations are in this browser only.' }).waitFor()
    // It comes a moment later: what somebody is about to press must not move away under it.
    expect(await placeOf()).toBe(before)
    await press('Not now')
    expect(await reminder().count()).toBe(0)
    // Another day it comes again, and leads to what it asks for.
    await vault.reload()
    await vault.unlock(PASSWORD)
    await press('Make a backup')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Download a backup')
  })

  story('lets nobody go on with a password that was mistyped, or a code that is on no paper', async () => {
    await page.getByLabel('A recovery code that I print').check()
    await fillTwice(page, 'Password for the file', FILE_PASSWORD, 'The same password again')
    await page.getByLabel('The same password again').fill('eleven quiet lantern')
    await press('Go on to the code')
    await page.getByText('The two passwords are not the same.').waitFor()
    await page.getByLabel('The same password again').fill(FILE_PASSWORD)
    await press('Go on to the code')
    fileCode = await readCode(page)
    expect(fileCode).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]{4}$/)
    await typeBack(page, fileCode, (group) => `${group.slice(0, 3)}${group.endsWith('7') ? '8' : '7'}`)
    expect(await page.locator('.sheet').count()).toBe(0)
    await press('Download the backup')
    await page.getByText(/^Group \d and Group \d on your paper are not as in the code/).waitFor()
    await press('Show the code again')
  })

  story('prints the code, what it is for, and nothing else', async () => {
    await page.evaluate(() => Object.assign(globalThis, { print: () => Object.assign(globalThis, { printed: true }) }))
    await press('Print')
    expect(await page.evaluate(() => (globalThis as unknown as { printed?: boolean }).printed)).toBe(true)
    await showAs(page, 'print')
    const shown = await page.locator('body').innerText()
    const sheet = await page.locator('.sheet').innerText()
    await showAs(page, 'screen')
    expect(shown.trim()).toBe(sheet.trim())
    for (const group of fileCode.split('-')) expect(sheet).toContain(group)
    for (const fact of ['Opens the backup file', 'conversations-20', String(new Date().getFullYear())]) expect(sheet).toContain(fact)
  })

  story('downloads a backup that opens with the password and with the code, without the page', async () => {
    await typeBack(page, fileCode, (group) => group.toLowerCase())
    file = await nextDownload(page, engine, downloads, () => press('Download the backup'))
    await says('#backup-made', `holds 6 conversations with ${messages.length} messages`)
    expect(await page.locator('#backup-made').textContent()).toContain(basename(file))
    for (const [secret, ...flags] of [[FILE_PASSWORD], [fileCode, '--recovery-code']] as const) {
      const records = execFileSync(process.execPath, [opener, file, ...flags], { input: `${secret}\n`, encoding: 'utf8' }).trim().split('\n').map((line) => JSON.parse(line) as { kind: string; id: string; value: { content: string } })
      expect(records.filter(({ kind }) => kind === 'session').map(({ id }) => id).sort()).toEqual(sample.map(({ id }) => id).sort())
      expect(records.filter(({ kind }) => kind === 'message').map(({ value }) => value.content).sort()).toEqual([...messages].sort())
    }
  })

  story('knows that there is a backup now', async () => {
    await press('Done')
    await says('#backup-status', 'Backed up just now; nothing changed since.')
    await expect.poll(() => reminder().count()).toBe(0)
  })

  story('verifies the file and says what is in it', async () => {
    await toTask('Verify a backup')
    await page.locator('.file-choice input').setInputFiles(file)
    await page.getByLabel('Password of the file').fill(FILE_PASSWORD)
    await press('Verify')
    await says('#verify-status', new RegExp(`^Verified: 6 conversations, ${messages.length} messages, made on `))
  })

  story('says in words what is wrong with a file', async () => {
    const bytes = readFileSync(file)
    const damaged = Buffer.from(bytes)
    damaged[bytes.length - 2000]! ^= 1
    // Into the page as it is dropped.
    const data = await page.evaluateHandle((list) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([new Uint8Array(list)], 'damaged.svault'))
      return transfer
    }, [...damaged])
    await page.locator('.file-choice').dispatchEvent('drop', { dataTransfer: data })
    await page.locator('.file-choice').getByText('Chosen: damaged.svault').waitFor()
    await press('Use its recovery code')
    await page.getByLabel('Recovery code of the file').fill(fileCode.replace(/.$/, (last) => (last === '7' ? '8' : '7')))
    await press('Verify')
    await says('#verify-problem', 'There is a typing mistake in it. Compare it with your paper')
    await page.getByLabel('Recovery code of the file').fill(fileCode)
    await press('Verify')
    await says('#verify-problem', 'This file is damaged: a part of it is not as it was written.')
    const cut = join(folder, `${engine}-cut.svault`)
    writeFileSync(cut, bytes.subarray(0, bytes.length - 700))
    await page.locator('.file-choice input').setInputFiles(cut)
    await press('Use its recovery code')
    await page.getByLabel('Recovery code of the file').fill(fileCode)
    await press('Verify')
    await says('#verify-problem', 'The end of the file is missing')
    await page.locator('.file-choice input').setInputFiles(path('../../demo/public/sample.ndjson'))
    await says('#verify-problem', 'This file is no backup.')
    expect(await page.getByRole('button', { name: 'Verify', exact: true }).count()).toBe(0)
  })

  story('opens with a recovery code when the password is forgotten, and takes a new one', async () => {
    await press('‹ Go back')
    await press('Make a recovery code')
    await press('Make the code')
    const code = await readCode(page)
    await typeBack(page, code)
    await press('Check what I have typed')
    await page.getByLabel('Password of the vault').fill(PASSWORD)
    await press('Let the code open the vault')
    await page.getByText('The recovery code is ready').waitFor()
    await vault.lock()
    await press('Use your recovery code')
    // Of the file, not of the vault.
    await page.getByLabel('Recovery code').fill(fileCode)
    await press('Unlock')
    await page.getByText('That is not the recovery code of this vault.').waitFor()
    await page.getByLabel('Recovery code').fill(code.replaceAll('-', ' ').toLowerCase())
    await press('Unlock')
    await vault.waitForScreen('new-password')
    await fillTwice(page, 'New password', NEW_PASSWORD, 'New password again')
    await press('Set the password')
    await vault.waitForScreen('unlocked')
    await vault.reload()
    await vault.unlock(NEW_PASSWORD)
    await vault.filter('', /^6 conversations$/)
  })

  story('gives everything away as JSON only to who has read what that means', async () => {
    await toTask('Export for other programs')
    await press('Download readable JSON')
    expect(await page.getByLabel('I want a file that anyone can read').evaluate((box) => (box as HTMLInputElement).validity.valueMissing)).toBe(true)
    await page.getByLabel('I want a file that anyone can read').check()
    const plain = await nextDownload(page, engine, downloads, () => press('Download readable JSON'))
    const { version, sessions, chatLogs } = JSON.parse(readFileSync(plain, 'utf8')) as { version: number; sessions: { id: string }[]; chatLogs: { messages: { content: string }[] }[] }
    expect(version).toBe(1)
    expect(sessions.map(({ id }) => id).sort()).toEqual(sample.map(({ id }) => id).sort())
    expect(chatLogs.flatMap((log) => log.messages.map(({ content }) => content)).sort()).toEqual([...messages].sort())
  })

  story('writes straight to the place that was chosen where the browser can, and reads it from there', async () => {
    await page.evaluate(async () => {
      const handle = await (await navigator.storage.getDirectory()).getFileHandle('chosen.svault', { create: true })
      Object.assign(globalThis, { showSaveFilePicker: async () => handle })
    })
    await press('Done')
    await press('Download a backup')
    await page.getByLabel('A password that I choose').uncheck()
    await page.getByLabel('A recovery code that I print').check()
    await press('Go on to the code')
    const code = await readCode(page)
    await typeBack(page, code)
    await press('Download the backup')
    await says('#backup-made', /^chosen\.svault .* holds 6 conversations/)
    await press('Verify it now')
    await page.getByLabel('Recovery code of the file').fill(code)
    await press('Verify')
    await says('#verify-status', 'Verified: 6 conversations')
    await press('‹ Go back')
  })

  story('stops when told to, takes the file away, and needs no other code for the next try', async () => {
    await page.evaluate(() => {
      const file = { removed: false }
      const slow = {
        getFile: async () => new File([], 'slow.svault'),
        createWritable: async () => new WritableStream({ write: () => new Promise((resolve) => setTimeout(resolve, 3000)) }),
        remove: async () => void (file.removed = true),
      }
      Object.assign(globalThis, { file, slow, showSaveFilePicker: async () => slow })
    })
    await press('Download a backup')
    await page.getByLabel('A password that I choose').uncheck()
    await page.getByLabel('A recovery code that I print').check()
    await press('Go on to the code')
    await typeBack(page, await readCode(page))
    await press('Download the backup')
    await press('Cancel')
    await page.getByText('Cancelled. No file was made').waitFor()
    expect(await page.evaluate(() => (globalThis as unknown as { file: { removed: boolean } }).file.removed)).toBe(true)
    // A dialog that is closed is no failure.
    await page.evaluate(() => Object.assign(globalThis, { showSaveFilePicker: async () => Promise.reject(new DOMException('closed', 'AbortError')) }))
    await press('Try again')
    await page.getByRole('button', { name: 'Choose where the file goes' }).waitFor()
    // Whoever goes elsewhere does not believe in a file that is not there.
    await page.evaluate(() => Object.assign(globalThis, { showSaveFilePicker: async () => (globalThis as unknown as { slow: unknown }).slow }))
    await press('Choose where the file goes')
    await page.getByRole('progressbar').waitFor()
    await press('‹ Go back')
    await says('#warning', 'The file was not finished')
    await press('Verify a backup')
    expect(await page.locator('#warning').count()).toBe(0)
  })

  story('says nothing on the console all the while', () => {
    expect(complaints).toEqual([])
  })
})
