// The parts of the settings about keys and about what is stored, as somebody uses them.

import { expect } from 'vitest'
import type { Locator, Page } from 'playwright'
import type { VaultPage } from './vault-page.js'

export interface Progress {
  readonly done: number
  readonly total: number
}

export interface Audited {
  /** State of each set of keys, by its number. */
  readonly keys: Readonly<Record<string, string>>
  readonly sealed: number
  readonly unsealed: number
  /** The sums that the tables give. */
  readonly sums: { readonly sealed: number; readonly unsealed: number }
  readonly alarms: number
  /** Kinds that the page has no words of its own for. */
  readonly wordless: readonly string[]
}

/** @returns what a cell of a table says, as a number */
const numberOf = (text: string | null): number => Number(/^[\d,]+/.exec(text ?? '')?.[0].replaceAll(',', '') ?? Number.NaN)

export class KeysPanel {
  readonly #vault: VaultPage
  readonly page: Page

  constructor(vault: VaultPage) {
    this.#vault = vault
    this.page = vault.page
  }

  #text(selector: string, text: string | RegExp): Promise<void> {
    return this.page.locator(selector).filter({ hasText: text }).waitFor({ state: 'visible', timeout: 60_000 })
  }

  press(name: string): Promise<void> {
    return this.page.getByRole('button', { name, exact: true }).click()
  }

  /** What is said of it at the foot of the list. */
  get line(): Locator {
    return this.page.getByRole('complementary', { name: 'Keys' })
  }

  /** Types what opens the vault and asks for new keys. */
  async begin(password: string, action = 'Make new keys'): Promise<void> {
    await this.#vault.openSettings()
    await this.page.getByLabel('Password of the vault').fill(password)
    await this.press(action)
  }

  /** Has the page press “Pause” by itself when this many rows are done: over here it would be too late. */
  async pauseAfter(rows: number): Promise<void> {
    await this.page.evaluate((wanted) => {
      const observer = new MutationObserver(() => {
        const bar = document.querySelector<HTMLProgressElement>('#keys-progress progress')
        const button = [...document.querySelectorAll<HTMLButtonElement>('#keys-progress button')].find(({ textContent }) => textContent === 'Pause')
        if (bar === null || button === undefined || !bar.hasAttribute('value') || bar.value < wanted) return
        observer.disconnect()
        button.click()
      })
      observer.observe(document.getElementById('app')!, { childList: true, subtree: true, characterData: true, attributes: true })
    }, rows)
  }

  async waitForPause(): Promise<void> {
    await this.#text('#keys-status', 'Paused')
  }

  progress(): Promise<Progress> {
    return this.page.locator('#keys-progress progress').evaluate((bar) => ({ done: (bar as HTMLProgressElement).value, total: (bar as HTMLProgressElement).max }))
  }

  /** @returns what is said when it has ended */
  async waitForEnd(): Promise<string> {
    await this.#text('#keys-report', /./)
    return (await this.page.locator('#keys-report').textContent()) ?? ''
  }

  async waitForRefusal(): Promise<string> {
    await this.#text('#keys-problem', /./)
    return (await this.page.locator('#keys-problem').textContent()) ?? ''
  }

  /** @returns what is written on the element that has the focus */
  focused(): Promise<string | null> {
    return this.page.evaluate(() => (document.activeElement === document.body ? 'nothing' : (document.activeElement?.textContent ?? null)))
  }

  age(): Promise<string | null> {
    return this.page.locator('#keys-age').textContent()
  }

  /** Looks at what is stored and reads the tables. */
  async audit(): Promise<Audited> {
    await this.#vault.openSettings()
    const status = this.page.locator('#audit-status')
    // What was found before must not pass for the answer.
    await status.evaluate((element) => new MutationObserver(() => element.toggleAttribute('data-said', element.textContent !== 'Looking…')).observe(element, { childList: true, subtree: true, characterData: true }))
    await this.page.getByRole('button', { name: /^Look (at what is stored|again)$/ }).click()
    await this.page.locator('#audit-status[data-said]').waitFor({ timeout: 30_000 })
    await status.evaluate((element) => element.removeAttribute('data-said'))
    const numbers = async (selector: string): Promise<readonly number[]> => (await this.page.locator(selector).allTextContents()).map(numberOf)
    const sum = (all: readonly number[]): number => all.reduce((total, number) => total + number, 0)
    const [sealed, unsealed] = [await numbers('#audit-sealed td:last-child'), await numbers('#audit-unsealed td:last-child')]
    expect([...sealed, ...unsealed].every(Number.isSafeInteger)).toBe(true)
    return {
      keys: await this.page.locator('#audit-keys tbody tr').evaluateAll((rows) => Object.fromEntries(rows.map((row) => [/No\. (\d+)/.exec(row.textContent ?? '')![1]!, (row as HTMLElement).dataset['state']!]))),
      // The last one is their sum.
      sealed: sum(sealed.slice(0, -1)),
      unsealed: sum(unsealed.slice(0, -1)),
      sums: { sealed: sealed.at(-1)!, unsealed: unsealed.at(-1)! },
      alarms: await this.page.locator('#audit-unsealed [data-alarm]').count(),
      wordless: await this.page.locator('#audit-unsealed [data-plain="false"]').allTextContents(),
    }
  }
}
