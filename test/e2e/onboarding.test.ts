// The first minutes with the page, and how it is left open: words for a password, a recovery code that is offered, one unlock for all tabs, the warning before it locks.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chromiumLaunchOptions, findBrowser } from '../../scripts/browsers.mjs'
import { fillTwice, readCode, showAs, typeBack } from './kit/backup-steps.mjs'
import { IDLE_MS, stopTime } from './kit/page-clock.mjs'
import { type PageServer, servePage } from './kit/page-server.js'
import { collectComplaints, VaultPage } from './kit/vault-page.js'

const PASSWORD = 'a long enough password'

describe.skipIf(findBrowser('chromium') === undefined)('the first minutes in chromium', () => {
  let folder: string
  let server: PageServer
  let browser: Browser
  let context: BrowserContext
  let complaints: string[]
  let vault: VaultPage
  let page: Page

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sealed-vault-onboarding-'))
    server = await servePage(folder)
    browser = await chromium.launch({ ...chromiumLaunchOptions(), headless: true })
  })

  afterAll(async () => {
    await browser.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  })

  beforeEach(async () => {
    context = await browser.newContext()
    context.setDefaultTimeout(15_000)
    complaints = collectComplaints(context)
    vault = await VaultPage.open(context, server.url)
    page = vault.page
  })

  afterEach(async () => {
    await context.close()
    expect(complaints).toEqual([])
  })

  const press = (name: string, on = page): Promise<void> => on.getByRole('button', { name, exact: true }).click()
  const focused = (): Promise<string | null> => page.evaluate(() => document.activeElement?.textContent ?? null)
  const waysIn = async (): Promise<string[]> => {
    await vault.openSettings()
    await page.locator('#slots li').first().waitFor()
    return page.locator('#slots li strong').allTextContents()
  }

  test('suggest words for a password, in both fields, to be written down', async () => {
    await vault.waitForScreen('empty')
    await press('Suggest a passphrase')
    const words = page.locator('#passphrase')
    const first = await words.textContent()
    expect(first).toMatch(/^[a-z]{3,8}( [a-z]{3,8}){6}$/)
    expect(await focused()).toBe('Another one')
    await press('Another one')
    await expect.poll(() => words.textContent()).not.toBe(first)
    const passphrase = (await words.textContent())!
    const typed = (): Promise<string[]> => page.locator('input[type=password]').evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value))
    expect(await typed()).toEqual(['', ''])
    await press('Use it')
    expect(await typed()).toEqual([passphrase, passphrase])
    await page.getByText('Write it down now').waitFor()
    await page.getByText('centuries to guess it').waitFor()
    // What is typed over is nobody's password any more.
    await page.getByLabel('Password', { exact: true }).fill('something else')
    expect(await words.count()).toBe(0)
    await fillTwice(page, 'Password', passphrase, 'The same password again')
    await press('Create the vault')
    await vault.waitForScreen('recovery-offer')
    await page.reload()
    await vault.unlock(passphrase)
  })

  test('offer a recovery code that counts once it was typed back, and nothing before', async () => {
    await vault.createToOffer(PASSWORD)
    expect(await focused()).toBe('The vault is made')
    await press('Make a recovery code')
    const code = await readCode(page)
    await showAs(page, 'print')
    const printed = await page.locator('body').innerText()
    await showAs(page, 'screen')
    expect(printed.trim()).toBe((await page.locator('.sheet').innerText()).trim())
    await typeBack(page, code, () => 'nope')
    await press('Check what I have typed')
    await page.getByText(/on your paper are not as in the code/).waitFor()
    await typeBack(page, code, (group) => ` ${group.toLowerCase()}`)
    await press('Check what I have typed')
    await page.getByText('The recovery code is ready').waitFor()
    expect(await focused()).toBe('The recovery code is ready')
    await press('Open the vault')
    await vault.waitForScreen('unlocked')
    expect(await waysIn()).toEqual(['Password', 'Recovery code'])
    await vault.lock()
    await press('Use your recovery code')
    await page.getByLabel('Recovery code').fill(code)
    await press('Unlock')
    await vault.waitForScreen('new-password')
    await press('Not now')
    await vault.waitForScreen('unlocked')
  })

  test('take “Later” for an answer, and remind of it another day', async () => {
    await vault.createToOffer(PASSWORD)
    await press('Make a recovery code')
    await readCode(page)
    await press('Later')
    await vault.waitForScreen('unlocked')
    expect(await waysIn()).toEqual(['Password'])
    const reminder = page.getByRole('complementary', { name: 'Recovery code' })
    await vault.reload()
    await vault.unlock(PASSWORD)
    await reminder.filter({ hasText: 'Nothing but its password opens this vault.' }).waitFor()
    await press('Make a code')
    expect(await focused()).toBe('Make a recovery code')
    await press('Make the code')
    await typeBack(page, await readCode(page))
    await press('Check what I have typed')
    await page.getByLabel('Password of the vault').fill(PASSWORD)
    await press('Let the code open the vault')
    await press('Done')
    await expect.poll(waysIn).toEqual(['Password', 'Recovery code'])
    await page.reload()
    await vault.unlock(PASSWORD)
    await page.locator('#list-status').filter({ hasText: 'No conversations yet' }).waitFor()
    await page.waitForTimeout(1000)
    expect(await reminder.count()).toBe(0)
  })

  test('begin without a password, and take one later', async () => {
    await vault.waitForScreen('empty')
    await page.getByText('Begin without a password').click()
    await press('Begin without one')
    await vault.waitForScreen('unlocked')
    await page.reload()
    await vault.waitForScreen('unlocked')
    await vault.lock()
    expect(await page.locator('input').count()).toBe(0)
    await press('Unlock')
    await vault.waitForScreen('unlocked')
    expect(await waysIn()).toEqual(['This browser, without a question'])
    // Nothing else is there to be asked for.
    await press('Rename: This browser, without a question')
    await page.getByLabel('Name', { exact: true }).fill('the old laptop')
    await press('Rename it')
    await page.getByText('It is called This browser, without a question “the old laptop” now.').waitFor()
    await fillTwice(page, 'New password', PASSWORD, 'New password again')
    await press('Set the password')
    await page.getByRole('heading', { name: 'Change the password' }).waitFor()
    await page.locator('#keys-report').filter({ hasText: 'The old keys are gone.' }).waitFor()
    expect(await waysIn()).toEqual(['Password'])
    expect(await page.locator('#unprotected').count()).toBe(0)
    await vault.reload()
    await vault.unlock(PASSWORD)
  })

  test('share one unlock between tabs where that is wanted, from the next unlock on', async () => {
    await vault.create(PASSWORD)
    await vault.openSettings()
    const wanted = page.getByLabel('Open in every tab when one is unlocked')
    expect(await wanted.isChecked()).toBe(false)
    await wanted.check()
    await page.getByText('other tabs still ask').waitFor()
    const other = await VaultPage.open(context, server.url)
    await other.waitForScreen('locked')
    await press('Lock now')
    await vault.waitForScreen('locked')
    await vault.unlock(PASSWORD)
    await other.page.reload()
    await other.waitForScreen('unlocked')
    await page.reload()
    await vault.waitForScreen('unlocked')
    await vault.openSettings()
    expect(await wanted.isChecked()).toBe(true)
    expect(await page.getByText('counts from the next unlock').count()).toBe(0)
    await wanted.uncheck()
    await page.getByText('other tabs still open with it').waitFor()
    await vault.lock()
    await other.waitForScreen('locked')
    await vault.unlock(PASSWORD)
    await other.page.reload()
    await other.waitForScreen('locked')
  })

  test('ask for the password where no other tab has the vault open', async () => {
    await vault.create(PASSWORD)
    await vault.openSettings()
    await page.getByLabel('Open in every tab when one is unlocked').check()
    await vault.reload()
    expect(await page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('password')
    await vault.unlock(PASSWORD)
  })

  test('warn before the vault locks, and stay open for who is there', async () => {
    await vault.create(PASSWORD)
    const banner = page.locator('#lock-soon')
    const field = page.getByLabel('Filter')
    await field.fill('train')
    await stopTime(page, IDLE_MS - 25_000)
    await banner.getByText(/^Locks in 2\d s$/).waitFor()
    await page.getByRole('status').filter({ hasText: /^Nobody has used the vault for a while\. It locks in 2\d seconds/ }).waitFor({ state: 'attached' })
    const isFocused = (): Promise<boolean> => field.evaluate((element) => document.activeElement === element)
    expect(await isFocused()).toBe(true)
    await field.press('s')
    await banner.waitFor({ state: 'hidden' })
    // The button does it too, whatever lies below it, and gives the focus back.
    await stopTime(page, 2 * IDLE_MS - 50_000)
    await banner.getByText(/^Locks in/).waitFor()
    await press('Stay open')
    await banner.getByText('Stays open').waitFor()
    expect(await isFocused()).toBe(true)
    await banner.waitFor({ state: 'hidden' })
    await vault.waitForScreen('unlocked')
    expect(await field.inputValue()).toBe('trains')
    await stopTime(page, 3 * IDLE_MS - 75_000)
    await banner.getByText(/^Locks in/).waitFor()
    await stopTime(page, 4 * IDLE_MS)
    await vault.waitForScreen('locked')
    expect(await banner.count()).toBe(0)
    await page.getByText('nobody used it for 15 minutes').waitFor()
  })
})
