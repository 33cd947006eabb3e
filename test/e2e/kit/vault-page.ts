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

  /** Creates the vault, and wants no recovery code now. */
  async create(password: string): Promise<void> {
    await this.createToOffer(password)
    await this.page.getByRole('button', { name: 'Later' }).click()
    await this.waitForScreen('unlocked')
  }

  /** Creates the vault; leaves it where a recovery code is offered. */
  async createToOffer(password: string): Promise<void> {
    await this.waitForScreen('empty')
    await this.screen('empty').getByLabel('Password', { exact: true }).fill(password)
    await this.page.getByLabel('The same password again').fill(password)
    await this.page.getByRole('button', { name: 'Create the vault' }).click()
    await this.waitForScreen('recovery-offer')
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

  /** Unlocks and waits for the list: the whole time from the click, and how long the derivation alone takes. */
  async unlockToList(password: string): Promise<{ readonly keyMs: number; readonly listMs: number }> {
    const keyMs = await this.page.evaluate(async () => {
      const header = await new Promise<Uint8Array>((resolve, reject) => {
        const opening = indexedDB.open('sealed-vault:conversations')
        opening.onerror = reject
        opening.onsuccess = () => {
          const getting = opening.result.transaction('header').objectStore('header').get('header')
          getting.onsuccess = () => {
            opening.result.close()
            resolve(getting.result as Uint8Array)
          }
        }
      })
      const iterations = Number(/"iterations":(\d+)/.exec(new TextDecoder('latin1').decode(header))![1])
      const key = await crypto.subtle.importKey('raw', new Uint8Array(20), 'PBKDF2', false, ['deriveBits'])
      const started = performance.now()
      await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: new Uint8Array(16), iterations }, key, 256)
      return performance.now() - started
    })
    await this.page.evaluate(() => {
      const app = document.getElementById('app')!
      app.addEventListener('submit', () => performance.mark('asked'), { capture: true, once: true })
      new MutationObserver((_, observer) => {
        if (document.querySelector('#sessions > li') === null) return
        performance.measure('list', 'asked')
        observer.disconnect()
      }).observe(app, { childList: true, subtree: true })
    })
    await this.#tryPassword(password)
    return { keyMs, listMs: await this.#lastMeasure('list') }
  }

  /** Types letter by letter; resolves to the longest time in which the page could not do anything else. */
  async longestPauseWhileTyping(text: string): Promise<number> {
    await this.page.evaluate(() => {
      const watch = { longest: 0, last: performance.now(), stopped: false }
      const channel = new MessageChannel()
      channel.port1.onmessage = () => {
        const now = performance.now()
        watch.longest = Math.max(watch.longest, now - watch.last)
        watch.last = now
        // Not at once: a page that does nothing but this would disturb itself.
        if (!watch.stopped) setTimeout(() => channel.port2.postMessage(0), 4)
      }
      channel.port2.postMessage(0)
      Object.assign(globalThis, { watch })
    })
    await this.page.getByLabel('Filter').pressSequentially(text, { delay: 60 })
    return this.page.evaluate(() => {
      const { watch } = globalThis as unknown as { watch: { longest: number; stopped: boolean } }
      watch.stopped = true
      return watch.longest
    })
  }

  /** When a message with this text is first in the document, in ms since 1970. */
  timeOfText(text: string): Promise<number> {
    return this.page.evaluate(
      (wanted) =>
        new Promise<number>((resolve) => {
          const look = (): boolean => {
            const found = [...document.querySelectorAll('#messages .content')].some((element) => element.textContent === wanted)
            if (found) resolve(performance.timeOrigin + performance.now())
            return found
          }
          if (look()) return
          new MutationObserver((_, observer) => look() && observer.disconnect()).observe(document.getElementById('app')!, { childList: true, subtree: true, characterData: true })
        }),
      text,
    )
  }

  /** Marks of tabs that have not said that they closed. */
  countMarks(): Promise<number> {
    return this.page.evaluate(
      () =>
        new Promise<number>((resolve, reject) => {
          const opening = indexedDB.open('sealed-vault:conversations')
          opening.onerror = reject
          opening.onsuccess = () => {
            const counting = opening.result.transaction('marks').objectStore('marks').count()
            counting.onsuccess = () => {
              opening.result.close()
              resolve(counting.result)
            }
          }
        }),
    )
  }

  /** What the check of the vault counts; it must find everything in order. */
  async countByCheck(): Promise<{ readonly conversations: number; readonly messages: number }> {
    await this.openSettings()
    const [, conversations, messages] = /in order: ([\d,]+) conversations, ([\d,]+) messages/.exec(await this.check())!.map((digits) => Number(digits.replaceAll(',', ''))) as [number, number, number]
    return { conversations, messages }
  }

  async expectRefused(password: string): Promise<void> {
    await this.#tryPassword(password)
    await this.page.getByText('That is not the password of this vault.').waitFor({ state: 'visible', timeout: 20_000 })
    await this.expectNothingShown()
  }

  /** Nothing of what is sealed is in the document. */
  async expectNothingShown(): Promise<void> {
    expect(await this.page.locator('[data-screen="unlocked"], #sessions > *, #messages > *, #chat-title').count()).toBe(0)
  }

  async load(path: string): Promise<LoadFigures> {
    await this.page.getByLabel('From a file').setInputFiles(path)
    const status = this.page.locator('#load-status')
    await status.filter({ hasText: LOADED }).waitFor({ state: 'visible', timeout: 60_000 })
    const text = (await status.textContent()) ?? ''
    const [conversations, messages, totalMs, vaultMs] = LOADED.exec(text)!.slice(1).map((digits) => Number(digits.replaceAll(',', ''))) as [number, number, number, number]
    return { conversations, messages, totalMs, vaultMs, text }
  }

  /** Starts a load; resolves to what the page says when it has ended. */
  async startLoading(path: string): Promise<string> {
    await this.page.getByLabel('From a file').setInputFiles(path)
    const status = this.page.locator('#load-status')
    await status.filter({ hasText: /^(Loaded|Cancelled|The file)/ }).waitFor({ state: 'visible', timeout: 60_000 })
    return (await status.textContent()) ?? ''
  }

  /** Something of the load is in the vault. */
  async waitForProgress(): Promise<void> {
    await this.page.locator('#load-status').filter({ hasText: /so far$/ }).waitFor({ state: 'visible' })
  }

  async cancelLoading(): Promise<void> {
    await this.page.getByRole('button', { name: 'Cancel' }).click()
  }

  async loadSample(): Promise<void> {
    await this.page.getByRole('button', { name: 'Load the sample' }).click()
    await this.page.locator('#load-status').filter({ hasText: LOADED }).waitFor({ state: 'visible' })
  }

  /** Writes into the open chat and waits until the guide has answered. */
  async send(text: string): Promise<void> {
    await this.draft(text)
    await this.page.getByRole('button', { name: 'Send' }).click()
    const end = async (): Promise<readonly string[]> => (await this.page.locator('#messages .content').allTextContents()).slice(-2)
    await expect.poll(end, { timeout: 20_000 }).toEqual([text, expect.stringMatching(/You used \d+ words\.$/)])
  }

  /** Types into the composer and leaves it at that. */
  async draft(text: string): Promise<void> {
    await this.page.getByPlaceholder('Write a message').fill(text)
  }

  async listStatus(): Promise<string> {
    return (await this.page.locator('#list-status').textContent()) ?? ''
  }

  /** Types into the filter and waits for the list to say something that fits. */
  async filter(text: string, says: RegExp): Promise<void> {
    await this.page.getByLabel('Filter').fill(text)
    await this.page.locator('#list-status').filter({ hasText: says }).waitFor({ state: 'visible' })
  }

  /** Opens the one chat whose id this is, scrolls up until there are no older messages, and reads what is on the screen. */
  async readChat(id: string, count: number): Promise<{ readonly texts: readonly string[]; readonly openMs: number; readonly paged: boolean }> {
    const openMs = await this.openChat(id)
    const whole = count === 1 ? '1 message' : `${count.toLocaleString('en')} messages`
    const paged = (await this.page.locator('#chat-status').textContent()) !== whole
    await expect
      .poll(
        async () => {
          await this.page.locator('#chat-scroll').evaluate((box) => (box.scrollTop = 0))
          return this.page.locator('#chat-status').textContent()
        },
        { timeout: 30_000, interval: 20 },
      )
      .toBe(whole)
    return { texts: await this.page.locator('#messages .content').allTextContents(), openMs, paged }
  }

  /** Opens the chat with this id from the list; resolves to the time it took, by the page's own clock. */
  async openChat(id: string): Promise<number> {
    await this.page.evaluate(() => performance.clearMeasures('open-chat'))
    await this.page.getByLabel('Filter').fill(id)
    await this.page.locator(`#sessions [data-session="${id}"]`).click()
    return this.#lastMeasure('open-chat')
  }

  async changePassword(current: string, next: string): Promise<string> {
    await this.openSettings()
    await this.page.getByLabel('Present password').fill(current)
    await this.page.getByLabel('New password', { exact: true }).fill(next)
    await this.page.getByLabel('New password again').fill(next)
    await this.page.getByRole('button', { name: 'Change the password' }).click()
    const note = this.page.locator('#password-note')
    await note.filter({ hasNotText: 'Changing' }).filter({ hasText: /./ }).waitFor({ state: 'visible', timeout: 20_000 })
    return (await note.textContent()) ?? ''
  }

  async openSettings(): Promise<void> {
    const settings = this.page.getByRole('button', { name: 'Settings' })
    if ((await settings.getAttribute('aria-pressed')) === 'false') await settings.click()
  }

  /** Runs the check of the open settings and resolves to what it says. */
  async check(): Promise<string> {
    await this.page.getByRole('button', { name: 'Check the vault' }).click()
    const status = this.page.locator('#check-status')
    await status.filter({ hasText: /in order|found|wrong|damaged/ }).waitFor({ state: 'visible', timeout: 120_000 })
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
