// Argon2id needs WebAssembly, and a page's policy decides whether it may have it: where it may not, that is an error with a name, before anything is written.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium, firefox, type Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumLaunchOptions, findBrowser, firefoxLaunchOptions } from '../../scripts/browsers.mjs'

const PAGE = `
import { destroyVault, openVault } from './src/index.ts'
globalThis.attempt = async (passwordKdf) => {
  const vault = await openVault({ name: 'policy', passwordKdf })
  try {
    const open = await vault.create('correct horse battery staple')
    const [{ argon2id, iterations }] = await open.slots.list()
    await open.lock()
    return argon2id?.memoryKiB ?? iterations
  } catch (error) {
    const after = await openVault({ name: 'policy' })
    await after.close()
    return [error.code, error.details.where, after.state]
  } finally {
    await destroyVault('policy')
  }
}`

const root = fileURLToPath(new URL('../..', import.meta.url))
const engines = [
  { engine: 'chromium', launch: () => chromium.launch({ ...chromiumLaunchOptions(), headless: true }) },
  { engine: 'firefox', launch: () => firefox.launch({ ...firefoxLaunchOptions(), headless: true }) },
] as const

let server: Server
let origin: string

beforeAll(async () => {
  const { outputFiles } = await build({ stdin: { contents: PAGE, resolveDir: root, loader: 'ts', sourcefile: 'page.ts' }, outdir: 'out', bundle: true, splitting: true, format: 'esm', target: 'es2022', write: false })
  const files = new Map(outputFiles.map(({ path, text }) => [path.slice(path.lastIndexOf('/')), text]))
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost')
    const script = files.get(pathname)
    if (script !== undefined) return void response.setHeader('content-type', 'text/javascript').end(script)
    const scripts = searchParams.has('wasm') ? `'self' 'wasm-unsafe-eval'` : `'self'`
    response.setHeader('content-type', 'text/html').setHeader('content-security-policy', `default-src 'none'; script-src ${scripts}`)
    response.end('<!doctype html><title>policy</title><script type="module" src="/stdin.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => void server.close())

describe.each(engines)('in $engine', ({ engine, launch }) => {
  test.skipIf(findBrowser(engine) === undefined)('Argon2id runs where the policy allows it, and says so where not', async () => {
    const browser: Browser = await launch()
    try {
      const page = await browser.newPage()
      const attempt = async (path: string, kdf: string): Promise<unknown> => {
        await page.goto(origin + path)
        return page.evaluate((name) => (globalThis as unknown as { attempt: (kdf: string) => Promise<unknown> }).attempt(name), kdf)
      }
      expect(await attempt('/?wasm', 'argon2id')).toBe(65_536)
      expect(await attempt('/', 'argon2id')).toEqual(['crypto-unavailable', 'argon2id', 'empty'])
      expect(await attempt('/', 'pbkdf2')).toBeGreaterThanOrEqual(600_000)
    } finally {
      await browser.close()
    }
  })
})
