// Runs browser tests in WebKitGTK: its MiniBrowser on a virtual display, opened straight on Vitest's page.
// WebDriver is not used on purpose: its sessions are ephemeral, and IndexedDB then refuses what a real profile accepts.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { defineBrowserProvider } from '@vitest/browser'
import type { BrowserProvider } from 'vitest/node'

const displayDeadlineMs = 15_000
const gracePeriodMs = 1_500

// Off in Debian's build, on in every shipping Safari.
const storageFeatures = '--features=+StorageAPI,+StorageAPIEstimate,+FileSystem,+FileSystemWritableStream'

async function endProcess(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), gracePeriodMs)
  await exited
  clearTimeout(force)
}

/** Starts a virtual display on a free number; Xvfb writes that number to the descriptor it is given. */
async function startDisplay(): Promise<{ child: ChildProcess; name: string }> {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  try {
    const [number] = await once(child.stdio[3] as Readable, 'data', { signal: AbortSignal.timeout(displayDeadlineMs) })
    return { child, name: `:${String(number).trim()}` }
  } catch (cause) {
    await endProcess(child)
    throw new Error('the virtual display for WebKit did not start', { cause })
  }
}

class MiniBrowserProvider implements BrowserProvider {
  readonly name = 'webkitgtk'
  readonly supportsParallelism = false
  readonly #executablePath: string
  #profile: string | undefined
  #display: ChildProcess | undefined
  #browser: ChildProcess | undefined

  constructor(executablePath: string) {
    this.#executablePath = executablePath
  }

  getCommandsContext(): Record<string, unknown> {
    return {}
  }

  async openPage(_sessionId: string, url: string): Promise<void> {
    await this.close()
    const profile = mkdtempSync(join(tmpdir(), 'sealed-vault-webkit-'))
    this.#profile = profile
    const display = await startDisplay()
    this.#display = display.child
    this.#browser = spawn(this.#executablePath, [storageFeatures, url], {
      stdio: 'ignore',
      env: {
        ...process.env,
        DISPLAY: display.name,
        HOME: profile,
        XDG_DATA_HOME: join(profile, 'data'),
        XDG_CACHE_HOME: join(profile, 'cache'),
        XDG_CONFIG_HOME: join(profile, 'config'),
        XDG_RUNTIME_DIR: profile,
        GDK_BACKEND: 'x11',
        LIBGL_ALWAYS_SOFTWARE: '1',
      },
    })
  }

  async close(): Promise<void> {
    await endProcess(this.#browser)
    await endProcess(this.#display)
    this.#browser = undefined
    this.#display = undefined
    if (this.#profile === undefined) return
    // WebKit's storage process may still be writing for a moment after its window is gone.
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    this.#profile = undefined
  }
}

/** A Vitest browser provider for WebKitGTK's MiniBrowser. It renders and runs scripts; it cannot click or take screenshots. */
export function webkitgtk(executablePath: string) {
  return defineBrowserProvider({
    name: 'webkitgtk',
    options: {},
    providerFactory(project) {
      // Vitest resizes the page before each file and has no public way to say that a provider cannot.
      project.browser?.registerCommand('__vitest_viewport' as never, (async () => {}) as never)
      return new MiniBrowserProvider(executablePath)
    },
  })
}
