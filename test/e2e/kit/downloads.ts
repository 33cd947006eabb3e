// Files that the page saves, as they lie on the disk.

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { expect } from 'vitest'

/**
 * The path of what is downloaded after `begin`.
 * @param folder the one that the browser was launched with as its `downloadsPath`; Playwright hears of downloads in Chromium, in Firefox the folder must do
 */
export async function nextDownload(page: Page, engine: 'chromium' | 'firefox', folder: string, begin: () => Promise<void>): Promise<string> {
  if (engine === 'chromium') {
    const [download] = await Promise.all([page.waitForEvent('download', { timeout: 20_000 }), begin()])
    const path = join(folder, download.suggestedFilename())
    await download.saveAs(path)
    return path
  }
  const before = new Set(readdirSync(folder))
  await begin()
  let last = ''
  // Whole when it has its name and grows no more.
  await expect
    .poll(
      () => {
        const names = readdirSync(folder).filter((name) => !before.has(name))
        const now = names.map((name) => `${name} ${statSync(join(folder, name)).size}`).join()
        const isWhole = names.length === 1 && !now.includes('.part') && !now.endsWith(' 0') && now === last
        last = now
        return isWhole
      },
      { timeout: 20_000, interval: 250 },
    )
    .toBe(true)
  return join(folder, last.replace(/ \d+$/, ''))
}
