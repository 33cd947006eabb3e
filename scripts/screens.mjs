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
import { walkScreens } from '../test/e2e/kit/walk-screens.mjs'
import { chromiumLaunchOptions, firefoxLaunchOptions } from './browsers.mjs'

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { engine: { type: 'string', default: 'chromium' } } })
const folder = positionals[0]
if (folder === undefined) {
  console.error('say where the pictures go: npm run screens -- FOLDER')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })

const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1200, height: 800 } }
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

try {
  const browser = options.engine === 'firefox' ? await firefox.launch(firefoxLaunchOptions()) : await chromium.launch(chromiumLaunchOptions())
  const context = await browser.newContext()
  const page = await context.newPage()
  await walkScreens(page, url, (name) => shoot(page, name))
  await browser.close()
} finally {
  await server.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
}
