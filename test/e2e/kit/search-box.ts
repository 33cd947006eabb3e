// The search of the page, used as a person uses it.

import { expect } from 'vitest'
import type { Locator, Page } from 'playwright'

export class SearchBox {
  readonly page: Page
  readonly field: Locator

  constructor(page: Page) {
    this.page = page
    this.field = page.getByRole('combobox', { name: 'Search all messages' })
  }

  /** Types letter by letter, in place of what is there, and waits until the answer to all of it is shown. */
  async type(text: string): Promise<void> {
    await this.field.fill('')
    await this.field.pressSequentially(text)
    await this.answered(text)
  }

  async answered(text: string): Promise<void> {
    await expect.poll(() => this.page.locator('#results').getAttribute('data-query')).toBe(text)
  }

  async choose(label: string, option: string): Promise<void> {
    await this.page.locator('#search-choices').getByLabel(label).selectOption(option)
  }

  status(): Promise<string | null> {
    return this.page.locator('#search-status').textContent()
  }

  /** Waits until these sessions were found, in this order. */
  async expectSessions(...ids: readonly string[]): Promise<void> {
    await expect.poll(() => this.sessions()).toEqual(ids)
  }

  sessions(): Promise<readonly (string | null)[]> {
    return this.page.locator('#results .group').evaluateAll((groups) => groups.map((group) => group.getAttribute('data-session')))
  }

  hits(): Locator {
    return this.page.locator('#results [role="option"]')
  }

  /** What is marked in the results. */
  marks(): Promise<readonly string[]> {
    return this.page.locator('#results mark').allTextContents()
  }

  /** The option the field says is active. */
  async active(): Promise<string | null> {
    const id = await this.field.getAttribute('aria-activedescendant')
    return id === null ? null : this.page.locator(`[id="${id}"][aria-selected="true"]`).textContent()
  }

  /** The message that was opened: its marked words, and how far its middle is from the middle of the chat, in parts of the chat's height. */
  async opened(): Promise<{ readonly marks: readonly string[]; readonly offMiddle: number; readonly focused: boolean }> {
    const found = this.page.locator('#messages .found')
    await found.waitFor({ state: 'visible' })
    return found.evaluate((message) => {
      const box = document.querySelector('#chat-scroll')!.getBoundingClientRect()
      const { top, height } = message.getBoundingClientRect()
      const offMiddle = Math.abs(top + height / 2 - (box.top + box.height / 2)) / box.height
      return { marks: [...message.querySelectorAll('mark')].map((mark) => mark.textContent), offMiddle, focused: document.activeElement === message }
    })
  }

  /** Goes to the empty field. */
  async focusEmpty(): Promise<void> {
    await this.page.keyboard.press('Control+k')
    await this.page.keyboard.press('Escape')
    await this.field.focus()
    expect(await this.field.inputValue()).toBe('')
  }

  recent(): Promise<readonly string[]> {
    return this.page.locator('#recent [role="option"]').allTextContents()
  }
}

/** Where a word lies in clear in what the page stores: every row of every database, and the small stores. */
export function findInClear(page: Page, word: string): Promise<readonly string[]> {
  return page.evaluate(async (wanted) => {
    const settled = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const wide = [...wanted].map((letter) => `${letter}\0`).join('')
    const isIn = (text: string): boolean => text.toLowerCase().includes(wanted) || text.toLowerCase().includes(wide)
    const holds = (value: unknown): boolean => {
      if (value instanceof ArrayBuffer) return isIn(new TextDecoder('latin1').decode(value))
      if (ArrayBuffer.isView(value)) return isIn(new TextDecoder('latin1').decode(value as Uint8Array))
      if (typeof value === 'object' && value !== null) return Object.entries(value).some(([key, part]) => isIn(key) || holds(part))
      return isIn(String(value))
    }
    const found: string[] = []
    let rows = 0
    for (const { name } of await indexedDB.databases()) {
      const database = await settled(indexedDB.open(name!))
      for (const store of database.objectStoreNames) {
        const objects = database.transaction(store).objectStore(store)
        const [keys, values] = await Promise.all([settled(objects.getAllKeys()), settled(objects.getAll())])
        rows += values.length
        if (keys.some(holds) || values.some(holds)) found.push(`${name}/${store}`)
      }
      database.close()
    }
    if (rows === 0) found.push('nothing was looked at')
    if (holds({ ...localStorage })) found.push('localStorage')
    if (holds({ ...sessionStorage })) found.push('sessionStorage')
    if (isIn(location.href) || isIn(JSON.stringify(history.state))) found.push('address')
    return found
  }, word)
}
