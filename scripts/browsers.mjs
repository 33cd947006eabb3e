// @ts-check
// Finds the real browsers of this machine and says how each is started without a window.
// Tests, fault runs and benchmarks all start browsers from here, so a flag is decided once.

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** @typedef {'chromium' | 'firefox' | 'webkit'} Engine */

/** @type {readonly Engine[]} */
export const engines = ['chromium', 'firefox', 'webkit']

/** @type {Record<Engine, { variable: string, usualPaths: string[], commands: string[] }>} */
const places = {
  chromium: {
    variable: 'CHROMIUM_PATH',
    usualPaths: ['/usr/bin/chromium', '/usr/bin/google-chrome'],
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  },
  firefox: {
    variable: 'FIREFOX_PATH',
    usualPaths: ['/usr/bin/firefox-esr', '/usr/bin/firefox'],
    commands: ['firefox-esr', 'firefox'],
  },
  webkit: {
    variable: 'WEBKIT_PATH',
    usualPaths: ['x86_64', 'aarch64'].flatMap((cpu) =>
      ['4.1', '6.0', '4.0'].map((api) => {
        const folder = api === '6.0' ? 'webkitgtk-6.0' : `webkit2gtk-${api}`
        return `/usr/lib/${cpu}-linux-gnu/${folder}/MiniBrowser`
      }),
    ),
    commands: ['MiniBrowser'],
  },
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * The full path of a command, or undefined where PATH has no such program.
 * @param {string} command
 * @returns {string | undefined}
 */
export function findCommand(command) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
  return folders.map((folder) => join(folder, command)).find(isExecutable)
}

/**
 * The executable of an engine: the environment variable, then where Debian puts it, then PATH.
 * A variable that names no executable counts as "not found", so a typing error never tests another browser.
 * @param {Engine} engine
 * @returns {string | undefined}
 */
export function findBrowser(engine) {
  const { variable, usualPaths, commands } = places[engine]
  const named = process.env[variable]
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined
  // MiniBrowser has no headless mode, so without a virtual display there is no WebKit to speak of.
  if (engine === 'webkit' && findCommand('Xvfb') === undefined) return undefined
  return usualPaths.find(isExecutable) ?? commands.map(findCommand).find((path) => path !== undefined)
}

/**
 * Playwright's launch options for the Chromium found here.
 * The sandbox is off because containers run as root; the rest stops background traffic that would disturb timings.
 */
export function chromiumLaunchOptions() {
  const executablePath = findBrowser('chromium')
  return {
    ...(executablePath === undefined ? {} : { executablePath }),
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  }
}

/**
 * Playwright's launch options for the Firefox found here.
 * The channel makes Playwright speak WebDriver BiDi, the only protocol a stock Firefox has.
 * The preferences answer the question of `navigator.storage.persist()`, which would wait for a click for ever.
 */
export function firefoxLaunchOptions() {
  const executablePath = findBrowser('firefox')
  return {
    channel: 'moz-firefox',
    ...(executablePath === undefined ? {} : { executablePath }),
    firefoxUserPrefs: {
      'dom.storageManager.prompt.testing': true,
      'dom.storageManager.prompt.testing.allow': true,
    },
  }
}
