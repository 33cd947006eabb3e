// Rows of docs/specification.md and what shows each: small tests over the public API, in a browser that is played. Whoever runs them notes which came to their end.

import { openVault, type UnlockedVault, type VaultOptions } from '../../src/index.js'
import { PersistenceSystem, type PersistenceOptions } from '../../src/system/index.js'
import { current } from './current-browser.js'
import { SmallWorld } from './small-world.js'
import { PASSWORD, testBrowser, type BrowserParts, type TestBrowser } from './tabs.js'
import { settle } from './vault-states.js'

/** What a row plays on. */
export interface Stage {
  /** The browser of this row: all of its tabs share one disk. */
  readonly browser: TestBrowser
  /** Another browser from now on. */
  readonly play: (parts: BrowserParts) => TestBrowser
  /** One more tab with the vault open, which is created where there is none. */
  readonly tab: (options?: Partial<VaultOptions>) => Promise<UnlockedVault>
  /** One more world that is kept, in the vault `world`. */
  readonly world: (options?: PersistenceOptions, world?: SmallWorld) => Promise<StagedWorld>
}

export interface StagedWorld {
  readonly world: SmallWorld
  readonly system: PersistenceSystem
  /** Lets frames pass. */
  readonly frames: (count?: number) => Promise<void>
}

export interface Row {
  readonly id: string
  readonly title: string
  readonly show: (stage: Stage) => Promise<void>
}

/** All rows that were defined, in the order of their files. */
export const rows: Row[] = []

export function row(id: string, title: string, show: (stage: Stage) => Promise<void>): void {
  rows.push({ id, title, show })
}

export function newStage(): Stage {
  let browser = testBrowser()
  current.environment = browser.environment
  return {
    get browser() {
      return browser
    },
    play: (parts) => {
      browser = testBrowser(parts)
      current.environment = browser.environment
      return browser
    },
    tab: async (options = {}) => {
      const vault = await openVault({ name: 'test', ...options })
      if (vault.state === 'empty') return vault.create(PASSWORD)
      if (vault.state === 'locked') return vault.unlock(PASSWORD)
      throw new Error(`the vault is ${vault.state}`)
    },
    world: async (options = {}, world = new SmallWorld()) => {
      const system = new PersistenceSystem(world, { ask: () => PASSWORD, flushEveryMs: 0, ...options })
      world.addSystem(system, 'persistence')
      await system.init()
      const frames = async (count = 20): Promise<void> => {
        for (let i = 0; i < count; i++) {
          system.update(16)
          await settle(0)
        }
      }
      return { world, system, frames }
    },
  }
}

export const idsOf = (records: readonly { readonly id: string }[]): string[] => records.map(({ id }): string => id)
export const contents = (messages: readonly { readonly content: string }[]): string[] => messages.map(({ content }) => content)

export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of source) found.push(item)
  return found
}

export const textOf = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream as BodyInit).text()
