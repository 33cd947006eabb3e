// Backups on their way back, in real browsers: what would change, what two devices changed both, what came of it; and a vault out of a file where the password is forgotten.
// The tests of one engine are steps of one story and build on each other.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, firefox, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { chromiumLaunchOptions, findBrowser, firefoxLaunchOptions } from '../../scripts/browsers.mjs'
import { fillTwice, withoutSaveDialog } from './kit/backup-steps.mjs'
import { nextDownload } from './kit/downloads.js'
import { type PageServer, servePage } from './kit/page-server.js'
import { collectComplaints, VaultPage } from './kit/vault-page.js'
import { storyOf } from './kit/story.ts'

const PASSWORD = 'a long enough password'
const FILE_PASSWORD = 'eleven quiet lanterns'
const SECOND_PASSWORD = 'sécond pässword'
const THIRD_PASSWORD = 'a third one, well kept'

const engines = [
  { engine: 'chromium', launch: (downloadsPath: string) => chromium.launch({ ...chromiumLaunchOptions(), headless: true, downloadsPath }) },
  { engine: 'firefox', launch: (downloadsPath: string) => firefox.launch({ ...firefoxLaunchOptions(), headless: true, downloadsPath }) },
] as const

let folder: string
let server: PageServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-vault-import-'))
  server = await servePage(folder)
})

afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

describe.each(engines)('restoring in $engine', ({ engine, launch }) => {
  const found = findBrowser(engine) !== undefined
  const story = storyOf(found)
  let downloads: string
  let browser: Browser
  const complaints: string[][] = []
  /** Two devices: where the backups are made, and where they are brought to. */
  let home: VaultPage
  let other: VaultPage
  let files: { first: string; second: string; plain: string; damaged: string }

  const device = async (): Promise<VaultPage> => {
    const context: BrowserContext = await browser.newContext()
    context.setDefaultTimeout(15_000)
    complaints.push(collectComplaints(context))
    await withoutSaveDialog(context)
    return VaultPage.open(context, server.url)
  }
  const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click()
  const says = (page: Page, selector: string, text: string | RegExp): Promise<void> => page.locator(selector).filter({ hasText: text }).waitFor({ timeout: 20_000 })
  const chooseFile = (page: Page, path: string): Promise<void> => page.locator('.file-choice input').setInputFiles(path)
  const reminder = (page: Page) => page.getByRole('complementary', { name: 'Backup' })

  async function backUp(vault: VaultPage): Promise<string> {
    const { page } = vault
    await vault.openSettings()
    await press(page, 'Download a backup')
    await fillTwice(page, 'Password for the file', FILE_PASSWORD, 'The same password again')
    const path = await nextDownload(page, engine, downloads, () => press(page, 'Download the backup'))
    await page.locator('#backup-made').waitFor()
    await press(page, 'Done')
    return path
  }

  /** The file with one bit changed. */
  function damage(path: string): string {
    const bytes = readFileSync(path)
    bytes[bytes.length - 2000]! ^= 1
    const damaged = join(folder, `${engine}-damaged.svault`)
    writeFileSync(damaged, bytes)
    return damaged
  }

  const setIdleMinutes = async (vault: VaultPage, minutes: number): Promise<void> => {
    await vault.openSettings()
    await vault.page.locator('#idle-minutes').selectOption(String(minutes))
  }

  /** Rows of the table of the preview or the report, by kind: new, changed, deleted, changed on both sides. */
  const counts = (page: Page): Promise<Record<string, readonly number[]>> =>
    page.locator('.merge tbody tr').evaluateAll((rows) =>
      Object.fromEntries(rows.map((row) => [(row as HTMLElement).dataset['kind']!, ['added', 'changed', 'deleted', 'conflicted'].map((column) => Number(row.querySelector(`[data-column="${column}"]`)?.textContent))])),
    )

  const preview = async (page: Page, path: string): Promise<void> => {
    await chooseFile(page, path)
    await page.getByLabel('Password of the file').fill(FILE_PASSWORD)
    await press(page, 'Show what would change')
    await page.locator('#import-archive').waitFor({ timeout: 20_000 })
  }

  beforeAll(async () => {
    if (!found) return
    downloads = join(folder, `${engine}-downloads`)
    mkdirSync(downloads)
    browser = await launch(downloads)
    home = await device()
  })

  afterAll(async () => {
    if (found) await browser.close()
  })

  story('begins with backups of one device', async () => {
    await home.create(PASSWORD)
    await home.loadSample()
    const first = await backUp(home)
    const { page } = home
    await press(page, 'Export for other programs')
    await page.getByLabel('I want a file that anyone can read').check()
    const plain = await nextDownload(page, engine, downloads, () => press(page, 'Download readable JSON'))
    await press(page, 'Done')
    files = { first, second: '', plain, damaged: damage(first) }
  })

  story('makes a vault on a new device, under a password of its own, and brings the rest of what was cut off', async () => {
    other = await device()
    const { page } = other
    await other.waitForScreen('empty')
    await press(page, 'I have a backup')
    await other.waitForScreen('restore')
    await chooseFile(page, files.first)
    await page.getByLabel('Password of the file').fill(PASSWORD)
    await fillTwice(page, 'New password of the vault', SECOND_PASSWORD, 'New password again')
    expect(await page.locator('.caution').count()).toBe(0)
    await press(page, 'Restore')
    await says(page, '#restore-problem', 'That is not the password of this file. It has the one that was chosen when it was made. Nothing was changed.')
    await page.getByLabel('Password of the file').fill(FILE_PASSWORD)
    // A stick that is pulled out when the file was found whole.
    await page.evaluate(() => {
      const stream = Reflect.get(Blob.prototype, 'stream') as (this: Blob) => ReadableStream<Uint8Array<ArrayBuffer>>
      let readings = 0
      Blob.prototype.stream = function (this: Blob) {
        if (++readings > 1) throw new DOMException('gone', 'NotReadableError')
        return stream.call(this)
      }
      Object.assign(globalThis, { putBack: () => Object.assign(Blob.prototype, { stream }) })
    })
    await press(page, 'Restore')
    await other.waitForScreen('unlocked')
    await says(page, '#warning', 'The restore was cut off on the way')
    await other.filter('', /^No conversations yet/)
    await page.evaluate(() => (globalThis as unknown as { putBack: () => unknown }).putBack() !== undefined)
    await other.openSettings()
    await press(page, 'Restore from a backup')
    expect(await page.locator('#warning').count()).toBe(0)
    await preview(page, files.first)
    await press(page, 'Restore')
    await says(page, '#import-done', 'is here now')
    await other.filter('', /^6 conversations$/)
  })

  story('says what would change before anything does, and changes nothing for a file that is damaged', async () => {
    const { page } = other
    await setIdleMinutes(other, 5)
    await other.openChat('sample-night-train')
    await page.getByText('Delete this conversation').click()
    await press(page, 'Delete the conversation')
    await other.filter('', /^5 conversations$/)
    await setIdleMinutes(home, 60)
    await home.openChat('sample-night-train')
    await home.send('Does it also stop in Villach?')
    await home.filter('', /^6 conversations$/)
    files.second = await backUp(home)
    await other.openSettings()
    await press(page, 'Restore from a backup')
    await chooseFile(page, files.damaged)
    await page.getByLabel('Password of the file').fill(FILE_PASSWORD)
    await press(page, 'Show what would change')
    await says(page, '#import-problem', /^This file is damaged: .* Nothing was changed\.$/)
    await preview(page, files.second)
    await says(page, '#import-archive', /^The backup: 6 conversations, \d+ messages, made on .* Its messages are from /)
    expect(await counts(page)).toMatchObject({ sessions: [1, 0, 0, 1], preferences: [0, 1, 0, 1], brains: [0, 0, 0, 0] })
    expect(await other.listStatus()).toBe('5 conversations')
    // What is chosen shows in the numbers.
    await page.locator('#import-policy').selectOption('keep-mine')
    await expect.poll(() => counts(page)).toMatchObject({ sessions: [0, 0, 0, 1], preferences: [0, 0, 0, 1] })
    await says(page, '#import-note', 'Nothing would change')
  })

  story('shows both versions and asks; stopped at the first question, nothing has changed', async () => {
    const { page } = other
    await page.locator('#import-policy').selectOption('ask')
    await says(page, '#import-note', 'if the newer one is kept each time')
    const dialog = page.getByRole('dialog')
    await press(page, 'Restore')
    await dialog.waitFor()
    expect(await dialog.locator('h2').textContent()).toMatch(/^The conversation “.*night train.*” was deleted here, and is there in the backup\.$/i)
    expect(await dialog.locator('[data-side="mine"] .content').textContent()).toBe('deleted')
    await page.keyboard.press('Escape')
    await says(page, '#import-problem', 'Cancelled. Nothing was changed.')
    await preview(page, files.second)
    await page.locator('#import-policy').selectOption('ask')
    await press(page, 'Restore')
    await dialog.getByRole('button', { name: 'Bring it back' }).click()
    await dialog.filter({ hasText: 'The setting “idle-minutes” was changed here and on the side of the backup.' }).waitFor()
    expect(await dialog.locator('.version .content').allTextContents()).toEqual(['5', '60'])
    await dialog.getByRole('button', { name: 'Keep mine' }).click()
    await says(page, '#import-done', 'What the file holds is here now')
    expect(await counts(page)).toMatchObject({ sessions: [1, 0, 0, 1], preferences: [0, 0, 0, 1] })
    const told = page.locator('#import-conflicts li')
    await told.nth(1).waitFor()
    expect(await told.allTextContents()).toEqual([expect.stringMatching(/night train.*brought back from the backup/i), expect.stringContaining('“idle-minutes”: as it was here')])
    await press(page, 'Done')
    await other.filter('', /^6 conversations$/)
    expect(await page.locator('#idle-minutes').inputValue()).toBe('5')
    await expect.poll(() => reminder(page).filter({ hasText: 'was interrupted' }).count()).toBe(0)
  })

  story('takes over JSON that was dropped, and asks about messages that differ', async () => {
    const { page } = other
    const json = JSON.parse(readFileSync(files.plain, 'utf8')) as { sessions: { id: string; chatLogId: string }[]; chatLogs: { id: string; messages: { content: string }[] }[] }
    const log = json.chatLogs.find(({ id }) => id === json.sessions.find((session) => session.id === 'sample-night-train')!.chatLogId)!
    const before = log.messages[0]!.content
    log.messages[0]!.content = 'Which train was it again?'
    log.messages[1]!.content = 'The one at ten.'
    await press(page, 'Restore from a backup')
    const data = await page.evaluateHandle(
      ([text, name]) => {
        const transfer = new DataTransfer()
        transfer.items.add(new File([text!], name!))
        return transfer
      },
      [JSON.stringify(json), basename(files.plain)],
    )
    await page.locator('.file-choice').dispatchEvent('drop', { dataTransfer: data })
    await page.locator('#import-policy').selectOption('ask')
    await press(page, 'Restore')
    const dialog = page.getByRole('dialog')
    const asked = async (): Promise<readonly string[]> => dialog.locator('.version .content').allTextContents()
    await dialog.filter({ hasText: 'Which train was it again?' }).waitFor()
    expect(await asked()).toEqual([before, 'Which train was it again?'])
    await dialog.getByRole('button', { name: 'Take theirs' }).click()
    await dialog.filter({ hasText: 'The one at ten.' }).waitFor()
    await dialog.getByRole('button', { name: 'The newer one, here and for all the rest' }).click()
    await says(page, '#import-done', 'is here now')
    expect((await counts(page))['messages']!.slice(3)).toEqual([2])
    await press(page, 'Done')
    await other.openChat('sample-night-train')
    await expect.poll(() => page.locator('#messages .content').first().textContent()).toBe('Which train was it again?')
    await other.filter('', /^6 conversations$/)
  })

  story('puts a backup in the place of a vault whose password is forgotten, and of nothing else', async () => {
    const { page } = other
    await other.lock()
    await page.getByText('Password forgotten?').click()
    await press(page, 'Restore from a backup')
    await chooseFile(page, files.damaged)
    await page.getByLabel('Password of the file').fill(FILE_PASSWORD)
    await fillTwice(page, 'New password of the vault', THIRD_PASSWORD, 'New password again')
    await press(page, 'Restore')
    // Nothing is deleted by whoever has not read what is.
    const understood = page.getByLabel('Delete it and put the backup in its place')
    expect(await understood.evaluate((box) => (box as HTMLInputElement).validity.valueMissing)).toBe(true)
    await understood.check()
    await press(page, 'Restore')
    await says(page, '#restore-problem', /^This file is damaged: .* Nothing was changed\.$/)
    await press(page, '‹ Go back')
    await other.unlock(SECOND_PASSWORD)
    await other.filter('', /^6 conversations$/)
    await other.lock()
    await page.getByText('Password forgotten?').click()
    await press(page, 'Restore from a backup')
    await chooseFile(page, files.first)
    await page.getByLabel('Password of the file').fill(FILE_PASSWORD)
    await fillTwice(page, 'New password of the vault', THIRD_PASSWORD, 'New password again')
    await understood.check()
    await press(page, 'Restore')
    await other.waitForScreen('unlocked')
    await other.filter('', /^6 conversations$/)
    await other.lock()
    await other.expectRefused(SECOND_PASSWORD)
    await other.unlock(THIRD_PASSWORD)
  })

  story('says nothing on the console all the while', () => {
    expect(complaints.flat()).toEqual([])
  })
})
