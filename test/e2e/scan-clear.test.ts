// The scan has to find what a page without any sealing leaves in the profile of a real browser: what it missed there,
// it would miss of a vault as well, and its silence would mean nothing.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, firefox } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumLaunchOptions, findBrowser, firefoxLaunchOptions } from '../../scripts/browsers.mjs'
import { scanClear } from '../../tools/scan-clear.mjs'
import { seededRandom } from '../kit/corpus.js'

const engines = [
  { engine: 'chromium', launch: (profile: string) => chromium.launchPersistentContext(profile, { ...chromiumLaunchOptions(), headless: true }) },
  { engine: 'firefox', launch: (profile: string) => firefox.launchPersistentContext(profile, { ...firefoxLaunchOptions(), headless: true }) },
] as const

/** Every place a page can put a word, and the shapes in which engines store it differently. */
const ways = ['key', 'value', 'wide value', 'long value', 'huge value', 'index', 'blob', 'localStorage', 'file', 'cache'] as const
type Way = (typeof ways)[number]

const random = seededRandom(20)
const letters = 'abcdefghijklmnopqrstuvwxyz'
const word = (way: Way): string => Array.from({ length: 12 }, () => letters[Math.floor(random() * 26)]).join('') + (way === 'wide value' ? 'ж' : '')
const words = Array.from({ length: 200 }, (_, index) => {
  const way = ways[index % ways.length]!
  return { way, word: word(way) }
})
const absent = Array.from({ length: 200 }, () => word('value'))

let folder: string
let server: Server
let url: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-vault-scan-'))
  server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>plain</title>'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})

afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

/** Runs in the page. */
async function storePlainly(given: { way: string; word: string }[]): Promise<void> {
  const settled = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  // Halves of the word come first, so that a compressor stores the word itself as references and not as a row of letters.
  const around = (word: string, times: number): string => `${word.slice(0, 7)} or ${word.slice(5)} ${'and a sentence again, '.repeat(times)}${word}${', and one at the end'.repeat(times)}`
  const opening = indexedDB.open('plain')
  opening.onupgradeneeded = () => opening.result.createObjectStore('words').createIndex('by text', 'indexed')
  const database = await settled(opening)
  for (const [index, { way, word }] of given.entries()) {
    const values: Record<string, unknown> = {
      key: {},
      value: { text: around(word, 1) },
      'wide value': { text: word },
      'long value': { text: around(word, 300) },
      'huge value': { text: around(word, 40_000) },
      index: { indexed: word },
      blob: new Blob([around(word, 10)]),
    }
    if (way === 'localStorage') localStorage.setItem(`at ${index}`, around(word, 5))
    else if (way === 'cache') await (await caches.open('plain')).put(`/${index}`, new Response(around(word, 10)))
    else if (way === 'file') {
      const file = await (await navigator.storage.getDirectory()).getFileHandle(`at ${index}`, { create: true })
      const writer = await file.createWritable()
      await writer.write(word)
      await writer.close()
    } else {
      const transaction = database.transaction('words', 'readwrite', { durability: 'strict' })
      const done = new Promise((resolve, reject) => {
        transaction.oncomplete = resolve
        transaction.onabort = () => reject(transaction.error)
      })
      transaction.objectStore('words').put(values[way], way === 'key' ? word : index)
      await done
    }
  }
  // More than the browser keeps in a log: LevelDB now writes tables.
  for (let index = 0; index < 200; index++) {
    const filling = crypto.getRandomValues(new Uint8Array(32_768))
    await settled(database.transaction('words', 'readwrite').objectStore('words').put(filling, `filling ${index}`))
  }
  database.close()
}

describe.each(engines)('a profile of $engine', ({ engine, launch }) => {
  test.skipIf(findBrowser(engine) === undefined)('gives away what a page stored in the clear, and nothing else', async () => {
    const profile = join(folder, engine)
    const context = await launch(profile)
    const page = await context.newPage()
    await page.goto(url)
    await page.evaluate(storePlainly, words)
    await page.goto('about:blank')
    await context.close()
    const started = performance.now()
    const { found, files, bytes, unread } = scanClear({ profile, secrets: [...words.map(({ word }) => word), ...absent] })
    const seconds = (performance.now() - started) / 1000
    const seen = new Set(found.map(({ secret }) => secret))
    const missed = words.filter(({ word }) => !seen.has(word))
    console.log(`${engine}: ${found.length} of ${words.length} in ${files} files, ${(bytes / 1e6).toFixed(1)} MB, ${seconds.toFixed(1)} s; missed: ${missed.map(({ way }) => way).join(', ') || 'none'}; not read: ${unread.length}`)
    expect(found.filter(({ secret }) => absent.includes(secret))).toEqual([])
    expect(words.length - missed.length).toBeGreaterThanOrEqual(words.length * 0.95)
  })
})
