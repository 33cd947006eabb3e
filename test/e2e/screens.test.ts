// Every screen of the demo, for people who do not see it or have no mouse, and under the policy that forbids everything the page does not need.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import { type Browser, chromium, firefox, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumLaunchOptions, findBrowser, firefoxLaunchOptions } from '../../scripts/browsers.mjs'
import { type PageServer, servePage } from './kit/page-server.js'
import { collectComplaints } from './kit/vault-page.js'
import { walkScreens } from './kit/walk-screens.mjs'

/** A theme has nothing to do with a width: both of each are looked at, in two looks. */
const views = [{ colorScheme: 'light', width: 390 }, { colorScheme: 'dark', width: 1200 }] as const

const engines = [
  { engine: 'chromium', viewsOf: () => views, launch: () => chromium.launch({ ...chromiumLaunchOptions(), headless: true }) },
  // The same page: a look at each screen, by turns, tells what an engine does of its own.
  { engine: 'firefox', viewsOf: (screen: number) => [views[screen % 2]!], launch: () => firefox.launch({ ...firefoxLaunchOptions(), headless: true }) },
] as const

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let folder: string
let server: PageServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-vault-screens-'))
  server = await servePage(folder)
})

afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

/** What axe finds, serious or worse. */
async function findObstacles(page: Page): Promise<readonly string[]> {
  // Half a megabyte of script, once for each page that is loaded.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe)
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run())
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${String(target)}: ${failureSummary ?? ''}`))
}

describe.each(engines)('the screens in $engine', ({ engine, viewsOf, launch }) => {
  const found = findBrowser(engine) !== undefined
  let browser: Browser

  beforeAll(async () => {
    if (found) browser = await launch()
  })

  afterAll(async () => {
    if (found) await browser.close()
  })

  test.skipIf(!found)('put no serious obstacle in anybody’s way, in light and dark, on a phone and on a desk', async () => {
    const context = await browser.newContext()
    const complaints = collectComplaints(context)
    const obstacles = new Map<string, readonly string[]>()
    let screens = 0
    const page = await context.newPage()
    await walkScreens(page, server.url, async (name) => {
      screens++
      for (const { colorScheme, width } of viewsOf(screens)) {
        await page.setViewportSize({ width, height: width > 800 ? 800 : 844 })
        await page.emulateMedia({ colorScheme })
        const serious = await findObstacles(page)
        if (serious.length > 0) obstacles.set(`${name}, ${colorScheme}, ${width} px`, serious)
      }
      // The way goes on where everything is on the screen at once.
      await page.setViewportSize({ width: 1200, height: 800 })
    })
    await context.close()
    expect(screens).toBeGreaterThanOrEqual(55)
    expect(Object.fromEntries(obstacles)).toEqual({})
    expect(complaints).toEqual([])
  }, 480_000)

  test.skipIf(!found)('can be used with the keyboard alone', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(server.url)
    await page.locator('[data-screen="empty"]').waitFor()
    // The field is ready to be typed into.
    await page.keyboard.type('a long enough password')
    await page.keyboard.press('Tab')
    await page.keyboard.type('a long enough password')
    await page.keyboard.press('Enter')
    await page.locator('[data-screen="recovery-offer"]').waitFor()
    await tabTo(page, 'Later')
    await page.keyboard.press('Enter')
    await page.locator('[data-screen="unlocked"]').waitFor()
    await tabTo(page, 'Load the sample')
    await page.keyboard.press('Enter')
    await page.locator('#load-status').filter({ hasText: 'Loaded 6' }).waitFor()
    await tabTo(page, 'Filter')
    await page.keyboard.type('sourdough')
    await page.locator('#list-status').filter({ hasText: '1 of 6' }).waitFor()
    await tabTo(page, 'Why the sourdough')
    await page.keyboard.press('Enter')
    await page.locator('#messages > li').first().waitFor()
    await tabTo(page, 'Write a message')
    await page.keyboard.type('Thank you')
    await page.keyboard.press('Enter')
    await page.locator('#messages .content').filter({ hasText: 'You used 2 words.' }).waitFor()
    await tabTo(page, 'Lock', 'Shift+Tab')
    await page.keyboard.press('Enter')
    await page.locator('[data-screen="locked"]').waitFor()
    await page.keyboard.type('a long enough password')
    await page.keyboard.press('Enter')
    await page.locator('[data-screen="unlocked"]').waitFor()
    await context.close()
  })

  test.skipIf(!found)('take what is typed from the moment they are there', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    // Who types on without a look at the screen must not lose a letter: the field has the focus in the same task that shows it.
    await page.addInitScript(() => {
      const seen: string[] = []
      Object.assign(globalThis, { seen })
      new MutationObserver(() => {
        const screen = document.querySelector<HTMLElement>('[data-screen]')?.dataset.screen
        if (screen !== undefined && seen.at(-1)?.startsWith(`${screen}:`) !== true) seen.push(`${screen}: ${document.activeElement?.getAttribute('type') ?? 'nothing'}`)
      }).observe(document, { childList: true, subtree: true })
    })
    await page.goto(server.url)
    await page.locator('[data-screen="empty"]').waitFor()
    for (const field of await page.locator('input[type=password]').all()) await field.fill('a long enough password')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Later' }).click()
    await page.locator('[data-screen="unlocked"]').waitFor()
    await page.getByRole('button', { name: 'Lock', exact: true }).click()
    await page.locator('[data-screen="locked"]').waitFor()
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen)
    expect(seen.filter((screen) => screen.startsWith('empty') || screen.startsWith('locked'))).toEqual(['empty: password', 'locked: password'])
    await context.close()
  })

  test.skipIf(!found)('run under a policy without anything inline', async () => {
    const page = await browser.newPage()
    await page.goto(server.url)
    const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content')
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe-|\*|https?:/)
    // And it is in force: what is put into the page by force does not run.
    const ran = await page.evaluate(async () => {
      const script = document.createElement('script')
      try {
        script.textContent = 'globalThis.broken = true'
        document.head.append(script)
      } catch {
        // Trusted types refuse even the text.
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
      return 'broken' in globalThis
    })
    expect(ran).toBe(false)
    await page.close()
  })
})

/** Presses Tab until the element with this name has the focus; backwards where Firefox would leave the page at its end. */
async function tabTo(page: Page, name: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press(key)
    const focused = await page.evaluate(() => {
      const element = document.activeElement as (HTMLElement & { labels?: NodeListOf<HTMLLabelElement> }) | null
      return [element?.getAttribute('aria-label'), element?.getAttribute('placeholder'), element?.labels?.[0]?.textContent, element?.textContent].filter((text) => typeof text === 'string').map((text) => text!.trim())
    })
    if (focused.some((text) => text.startsWith(name))) return
  }
  throw new Error(`the focus never came to "${name}"`)
}
