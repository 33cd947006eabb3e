// The package as somebody gets it: packed, installed into an empty Vite project, the README's lines pasted as they stand.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, firefox } from 'playwright'
import { preview, type PreviewServer } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumLaunchOptions, findBrowser, firefoxLaunchOptions } from '../../scripts/browsers.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const example = join(root, 'examples/consumer-vite')

const engines = [
  { engine: 'chromium', launch: () => chromium.launch({ ...chromiumLaunchOptions(), headless: true }) },
  { engine: 'firefox', launch: () => firefox.launch({ ...firefoxLaunchOptions(), headless: true }) },
] as const

let folder: string
let packed: { readonly filename: string; readonly files: readonly { readonly path: string }[] }
let server: PreviewServer

function npm(cwd: string, ...given: string[]): string {
  return execFileSync('npm', given, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell: process.platform === 'win32' })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-vault-consumer-'))
  npm(root, 'run', 'build')
  ;[packed] = JSON.parse(npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder)) as [typeof packed]
  const app = join(folder, 'app')
  cpSync(example, app, { recursive: true, filter: (path) => !path.includes('node_modules') })
  const manifest = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  manifest.dependencies['sealed-vault'] = `file:${join(folder, packed.filename)}`
  writeFileSync(join(app, 'package.json'), JSON.stringify(manifest))
  npm(app, 'install', '--no-audit', '--no-fund')
  npm(app, 'run', 'build')
  server = await preview({ root: app, configFile: false, logLevel: 'warn', preview: { host: '127.0.0.1', port: 0, open: false } })
}, 180_000)

afterAll(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

test('the example is the README’s twelve lines', () => {
  const [, lines] = /```ts\n([^]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))!
  expect(readFileSync(join(example, 'main.ts'), 'utf8')).toBe(lines)
  expect(lines!.trim().split('\n')).toHaveLength(12)
})

test('the package holds what is built and what is to be read, nothing else', () => {
  const strange = packed.files.map(({ path }) => path).filter((path) => !/^(dist\/.*\.(js|d\.ts|js\.map|d\.ts\.map)|README\.md|LICENSE|SECURITY\.md|CHANGELOG\.md|package\.json|docs\/format\.md)$/.test(path))
  expect(strange).toEqual([])
})

describe.each(engines)('the twelve lines in $engine', ({ engine, launch }) => {
  test.skipIf(findBrowser(engine) === undefined)('run as they stand', async () => {
    const browser = await launch()
    try {
      const page = await browser.newPage()
      const said: string[] = []
      const complaints: string[] = []
      page.on('console', (message) => (message.type() === 'log' ? said : complaints).push(message.text()))
      page.on('pageerror', (error) => complaints.push(String(error)))
      const address = server.httpServer.address()
      if (address === null || typeof address === 'string') throw new Error('the app is not served on a port')
      await page.goto(`http://127.0.0.1:${address.port}/`)
      await expect.poll(() => said.length, { timeout: 20_000 }).toBe(2)
      expect(said[0]).toBe('ada Book the night train')
      expect(said[1]).toContain('Book the night train')
      expect(complaints).toEqual([])
    } finally {
      await browser.close()
    }
  })
})
