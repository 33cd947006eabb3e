// The page as somebody uses it: fields found by their labels, buttons by their names, and what can be read on the screen.

import { expect } from 'vitest'
import type { BrowserContext, Locator, Page } from 'playwright'

const LOADED = /^Loaded ([\d,]+) conversations?, ([\d,]+) messages? in ([\d,]+) ms \(vault ([\d,]+) ms, reading the file ([\d,]+) ms\)\./

export interface LoadFigures {
  readonly conversations: number
  readonly messages: number
  readonly totalMs: number
  readonly vaultMs: number
  readonly text: string
}

/** Everything the browser complains about in any tab: errors nobody caught, errors and warnings on the console. */
export function collectComplaints(context: BrowserContext): string[] {
  const complaints: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`${message.type()}: ${message.text()}`)
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  return complaints
}

export class VaultPage {
  readonly page: Page

  private constructor(page: Page) {
    this.page = page
  }

  static async open(context: BrowserContext, url: string): Promise<VaultPage> {
    const page = await context.newPage()
    await page.goto(url)
    return new VaultPage(page)
  }

  screen(name: string): Locator {
    return this.page.locator(`[data-screen="${name}"]`)
  }

  async waitForScreen(name: string): Promise<void> {
    await this.screen(name).waitFor({ state: 'visible', timeout: 20_000 })
  }

  async reload(): Promise<void> {
    await this.page.reload()
    await this.waitForScreen('locked')
  }

  async create(password: string): Promise<void> {
    await this.waitForScreen('empty')
    await this.screen('empty').getByLabel('Password', { exact: true }).fill(password)
    await this.page.getByLabel('The same password again').fill(password)
    await this.page.getByRole('button', { name: 'Create the vault' }).click()
    await this.waitForScreen('unlocked')
  }

  async #tryPassword(password: string): Promise<void> {
    await this.waitForScreen('locked')
    await this.screen('locked').getByLabel('Password', { exact: true }).fill(password)
    await this.page.getByRole('button', { name: 'Unlock' }).click()
  }

  /** Resolves to the time it took, by the page's own clock. */
  async unlock(password: string): Promise<number> {
    await this.#tryPassword(password)
    await this.waitForScreen('unlocked')
    return this.#lastMeasure('unlock')
  }

  async expectRefused(password: string): Promise<void> {
    await this.#tryPassword(password)
    await this.page.getByText('That is not the password of this vault.').waitFor({ state: 'visible', timeout: 20_000 })
    await this.expectNothingShown()
  }

  /** The sealed part of the page is neither visible nor in the document. */
  async expectNothingShown(): Promise<void> {
    expect(await this.screen('unlocked').isVisible()).toBe(false)
    expect(await this.page.locator('#sessions > *, #messages > *').count()).toBe(0)
    expect(await this.page.locator('#chat-title').textContent()).toBe('Choose a conversation')
  }

  async load(path: string): Promise<LoadFigures> {
    await this.page.getByLabel('Load a file of conversations').setInputFiles(path)
    const status = this.page.locator('#load-status')
    await status.filter({ hasText: LOADED }).waitFor({ state: 'visible', timeout: 60_000 })
    const text = (await status.textContent()) ?? ''
    const [conversations, messages, totalMs, vaultMs] = LOADED.exec(text)!.slice(1).map((digits) => Number(digits.replaceAll(',', ''))) as [number, number, number, number]
    return { conversations, messages, totalMs, vaultMs, text }
  }

  async listStatus(): Promise<string> {
    return (await this.page.locator('#list-status').textContent()) ?? ''
  }

  /** Types into the filter and waits for the list to say something that fits. */
  async filter(text: string, says: RegExp): Promise<void> {
    await this.page.getByLabel('Filter').fill(text)
    await this.page.locator('#list-status').filter({ hasText: says }).waitFor({ state: 'visible' })
  }

  /** Opens the one chat whose id this is, shows older messages until there are no more, and reads what is on the screen. */
  async readChat(id: string, count: number): Promise<{ readonly texts: readonly string[]; readonly openMs: number; readonly pages: number }> {
    await this.page.getByLabel('Filter').fill(id)
    await this.page.locator(`#sessions [data-session="${id}"]`).click()
    const status = this.page.locator('#chat-status')
    const older = this.page.getByRole('button', { name: 'Show older messages' })
    const messages = this.page.locator('#messages > li')
    await messages.first().waitFor({ state: 'visible' })
    const openMs = await this.#lastMeasure('open-chat')
    let pages = 1
    while (await older.isVisible()) {
      const before = await status.textContent()
      await older.click()
      await this.page.waitForFunction((text) => document.querySelector('#chat-status')?.textContent !== text, before)
      pages++
    }
    expect(await status.textContent()).toBe(count === 1 ? '1 message' : `${count} messages`)
    return { texts: await this.page.locator('#messages .content').allTextContents(), openMs, pages }
  }

  async changePassword(current: string, next: string): Promise<string> {
    await this.page.getByRole('button', { name: 'Vault', exact: true }).click()
    await this.page.getByLabel('Present password').fill(current)
    await this.page.getByLabel('New password', { exact: true }).fill(next)
    await this.page.getByLabel('New password again').fill(next)
    await this.page.getByRole('button', { name: 'Change the password' }).click()
    const note = this.page.locator('#password-note')
    await note.filter({ hasNotText: 'Changing' }).filter({ hasText: /./ }).waitFor({ state: 'visible', timeout: 20_000 })
    return (await note.textContent()) ?? ''
  }

  /** Runs the check of the open "Vault" pane and resolves to what it says. */
  async check(): Promise<string> {
    await this.page.getByRole('button', { name: 'Check the vault' }).click()
    const status = this.page.locator('#check-status')
    await status.filter({ hasText: /in order|found|wrong|damaged/ }).waitFor({ state: 'visible', timeout: 30_000 })
    return (await status.textContent()) ?? ''
  }

  async lock(): Promise<void> {
    await this.page.getByRole('button', { name: 'Lock', exact: true }).click()
    await this.waitForScreen('locked')
  }

  #lastMeasure(name: string): Promise<number> {
    return this.page.waitForFunction((wanted) => performance.getEntriesByName(wanted).at(-1)?.duration, name).then((found) => found.evaluate((duration) => duration!))
  }
}
