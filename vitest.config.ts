// One project for each place the library runs in. Only engines found on this machine become projects,
// so that a plain `vitest` works everywhere; `npm test` says which ones were missing.

import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'
import type { BrowserProviderOption } from 'vitest/node'
import { chromiumLaunchOptions, type Engine, findBrowser, firefoxLaunchOptions } from './scripts/browsers.mjs'
import { openWithTool } from './test/kit/archive-commands.ts'
import { compareExports, corporaAtHand, corpusConversations, keepPiece } from './test/kit/corpus-commands.ts'
import { webkitgtk } from './test/kit/webkitgtk.ts'

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

const browserTests = 'test/browser/**/*.test.ts'
const endToEndTests = 'test/e2e/**/*.test.ts'

function browserProject(engine: Engine, provider: BrowserProviderOption): TestProjectConfiguration {
  return {
    extends: true,
    // Engines bundle the dependencies differently; sharing one cache they would throw out each other's work.
    cacheDir: fileURLToPath(new URL(`./node_modules/.vite/${engine}`, import.meta.url)),
    test: {
      // The instance carries the engine's name; Vitest wants another one for the group around it.
      name: `${engine} page`,
      include: [browserTests],
      testTimeout: 30_000,
      hookTimeout: 30_000,
      // All files of an engine share one origin and two cores: side by side they would only disturb each other.
      fileParallelism: false,
      browser: {
        enabled: true,
        headless: true,
        ui: false,
        screenshotFailures: false,
        fileParallelism: false,
        connectTimeout: 120_000,
        provider,
        commands: { openWithTool, corporaAtHand, corpusConversations, keepPiece, compareExports },
        instances: [{ browser: engine, name: engine }],
      },
    },
  }
}

const webkitPath = findBrowser('webkit')
const browserProjects = [
  ...(findBrowser('chromium') ? [browserProject('chromium', playwright({ launchOptions: chromiumLaunchOptions() }))] : []),
  ...(findBrowser('firefox') ? [browserProject('firefox', playwright({ launchOptions: firefoxLaunchOptions() }))] : []),
  ...(webkitPath ? [browserProject('webkit', webkitgtk(webkitPath))] : []),
]

export default defineConfig({
  resolve: {
    alias: [
      { find: /^sealed-vault$/, replacement: source('index.ts') },
      { find: /^sealed-vault\/system$/, replacement: source('system/index.ts') },
      { find: /^sealed-vault\/testing$/, replacement: source('testing/index.ts') },
    ],
  },
  // A dependency discovered late reloads the page in the middle of a test, so every one is named here.
  optimizeDeps: {
    include: [
      'idb',
      'fflate',
      'zod/mini',
      'fast-check',
      'hash-wasm',
      '@noble/hashes/argon2.js',
      '@noble/hashes/hkdf.js',
      '@noble/hashes/hmac.js',
      '@noble/hashes/pbkdf2.js',
      '@noble/hashes/sha2.js',
      '@noble/hashes/utils.js',
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**', 'test/e2e/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Files share nothing; one after the other they would leave a core idle.
          maxWorkers: 2,
        },
      },
      ...browserProjects,
      {
        extends: true,
        test: {
          name: 'e2e',
          include: [endToEndTests],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          // Each file has browsers, profiles and a server of its own; two at once fill two cores. What they time they only print.
          maxWorkers: 2,
        },
      },
    ],
  },
})
