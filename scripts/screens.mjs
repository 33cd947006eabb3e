// @ts-check
// `npm run screens -- FOLDER`: a picture of every screen of the demo, at phone and desktop width, light and dark, to be looked at.
//
//   --engine chromium|firefox        chromium when left out

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium, firefox } from 'playwright'
import { build, preview } from 'vite'
import { chromiumLaunchOptions, firefoxLaunchOptions } from './browsers.mjs'

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { engine: { type: 'string', default: 'chromium' } } })
const folder = positionals[0]
if (folder === undefined) {
  console.error('say where the pictures go: npm run screens -- FOLDER')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })

const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1200, height: 800 } }
const PASSWORD = 'correct horse battery staple'
const work = mkdtempSync(join(tmpdir(), 'sealed-vault-screens-'))
const settings = {
  configFile: fileURLToPath(new URL('../demo/vite.config.ts', import.meta.url)),
  logLevel: /** @type {const} */ ('warn'),
  build: { outDir: join(work, 'page'), emptyOutDir: true },
}
await build(settings)
const server = await preview({ ...settings, preview: { host: '127.0.0.1', port: 0, open: false } })
const address = /** @type {import('node:net').AddressInfo} */ (server.httpServer.address())
const url = `http://127.0.0.1:${address.port}/`

/** @param {import('playwright').Page} page @param {string} name */
async function shoot(page, name) {
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme })
      await page.waitForTimeout(100)
      await page.screenshot({ path: join(/** @type {string} */ (folder), `${name}-${size}-${colorScheme}.png`) })
    }
  }
  console.log(name)
}

/** Waits for a state of the vault. @param {import('playwright').Page} page @param {string} name */
const screen = (page, name) => page.locator(`[data-screen="${name}"]`).waitFor({ timeout: 20_000 })

/** A store that is not as it should be. @param {import('playwright').Page} page @param {string} script */
async function spoil(page, script) {
  await page.evaluate(script)
  await page.reload()
}

try {
  const browser = options.engine === 'firefox' ? await firefox.launch(firefoxLaunchOptions()) : await chromium.launch(chromiumLaunchOptions())
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(url)
  await screen(page, 'empty')
  await shoot(page, '01-create')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByText('guess it within').waitFor()
  await page.getByLabel('The same password again').fill('something else')
  await page.getByRole('button', { name: 'Create the vault' }).click()
  await shoot(page, '02-create-mistyped')
  await page.getByLabel('The same password again').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create the vault' }).click()
  await screen(page, 'unlocked')
  await shoot(page, '03-open-empty')
  await page.getByRole('button', { name: 'Load the sample' }).click()
  await page.locator('#load-status').filter({ hasText: 'Loaded' }).waitFor()
  await shoot(page, '04-list')
  await page.getByLabel('Filter').fill('train')
  await page.locator('#list-status').filter({ hasText: 'match' }).waitFor()
  await shoot(page, '05-filter')
  await page.getByLabel('Filter').fill('')
  await page.locator('[data-session="sample-night-train"]').click()
  await page.locator('#chat-status').filter({ hasText: 'messages' }).waitFor()
  await shoot(page, '06-chat')
  await page.getByPlaceholder('Write a message').fill('Does it also stop in Villach?')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.locator('#messages .content').filter({ hasText: 'You used 6 words.' }).waitFor()
  await shoot(page, '07-answered')
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('button', { name: 'Check the vault' }).click()
  await page.locator('#check-status').filter({ hasText: 'in order' }).waitFor()
  await shoot(page, '08-settings')
  await page.getByRole('button', { name: 'Lock', exact: true }).click()
  await screen(page, 'locked')
  await shoot(page, '09-locked')
  await page.getByLabel('Password', { exact: true }).fill('not the password')
  await page.getByRole('button', { name: 'Unlock' }).click()
  await page.getByText('not the password of this vault').waitFor({ timeout: 20_000 })
  await page.getByText('Password forgotten?').click()
  await shoot(page, '10-wrong-password')
  const clearAll = `new Promise((done, failed) => { const open = indexedDB.open('sealed-vault:conversations'); open.onsuccess = () => {
    const names = [...open.result.objectStoreNames]; const transaction = open.result.transaction(names, 'readwrite')
    for (const name of names) transaction.objectStore(name).clear(); transaction.oncomplete = () => { open.result.close(); done() } }; open.onerror = failed })`
  await spoil(page, clearAll)
  await screen(page, 'wiped')
  await shoot(page, '11-wiped')
  const makeNewer = `new Promise((done) => { const gone = indexedDB.deleteDatabase('sealed-vault:conversations'); gone.onsuccess = () => {
    const open = indexedDB.open('sealed-vault:conversations', 99); open.onsuccess = () => { open.result.close(); done() } } })`
  await spoil(page, makeNewer)
  await screen(page, 'newer')
  await shoot(page, '12-newer')
  await context.addInitScript('Object.defineProperty(globalThis, "indexedDB", { get() { throw new DOMException("no", "SecurityError") } })')
  await page.reload()
  await screen(page, 'unavailable')
  await shoot(page, '13-unavailable')
  await browser.close()
} finally {
  await server.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
}
