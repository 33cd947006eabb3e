// What somebody finds who copies the profile folder: nothing that was said. Conversations with planted titles, names and
// times are loaded, read, searched and written on; then every file of the profile is searched for all of it. The same scan
// of a page that stores the same conversations plainly has to find nearly everything, or its silence would mean nothing.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BrowserContext, chromium, firefox } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumLaunchOptions, findBrowser, firefoxLaunchOptions } from '../../scripts/browsers.mjs'
import { scanClear } from '../../tools/scan-clear.mjs'
import { type CorpusConversation, seededRandom, shuffled } from '../kit/corpus.js'
import { findCorpus } from './kit/corpus-file.js'
import { type PageServer, servePage } from './kit/page-server.js'
import { SearchBox } from './kit/search-box.js'
import { VaultPage } from './kit/vault-page.js'

const engines = [
  { engine: 'chromium', launch: (profile: string) => chromium.launchPersistentContext(profile, { ...chromiumLaunchOptions(), headless: true }) },
  { engine: 'firefox', launch: (profile: string) => firefox.launchPersistentContext(profile, { ...firefoxLaunchOptions(), headless: true }) },
] as const

const FIRST_PASSWORD = 'Quittenkompott-Fahrradklingel-29'
const SECOND_PASSWORD = 'Zwetschgenröster Mondfähre 77'
const WRITTEN = 'Glühwürmchenparade am Donnerstagabend'
const DRAFT = 'Halbfertiger Seitenhieb gegen Papageientaucher'
const FILTER = 'schnabeltierkongress'
const WORDS = 1000
/** Shorter ones come about by chance somewhere in a hundred megabytes. */
const SHORTEST = 7

let folder: string
let server: PageServer
let conversations: readonly CorpusConversation[]
let file: string
let secrets: readonly string[]
/** Three words of a message one after the other: a query that stays among the recent searches. */
let searched: string

const letters = 'bcdfghklmnprstvz'

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-vault-clear-'))
  server = await servePage(folder)
  const random = seededRandom(31)
  const made = (length: number): string => Array.from({ length }, (_, i) => (i % 2 === 0 ? letters[Math.floor(random() * letters.length)] : 'aeiou'[Math.floor(random() * 5)])).join('')
  const names = Array.from({ length: 40 }, () => `${made(9)} ${made(8)}`)
  const renamed = new Map<string, string>()
  const nameOf = (id: string): string => {
    if (!renamed.has(id)) renamed.set(id, names[renamed.size % names.length]!)
    return renamed.get(id)!
  }
  conversations = findCorpus(folder).conversations.map((conversation, index) => ({
    ...conversation,
    id: `${made(8)}-${index}-${made(6)}`,
    title: `${made(7)} ${made(9)} ${index}`,
    participants: conversation.participants.map(nameOf),
    messages: conversation.messages.map((message, at) => ({ ...message, id: `${made(6)}-${index}-${at}`, senderId: nameOf(message.senderId), timestamp: new Date(1_600_000_000_000 + index * 86_413_000 + at * 61_000).toISOString() })),
  }))
  file = join(folder, 'planted.ndjson.gz')
  writeFileSync(file, gzipSync(conversations.map((conversation) => `${JSON.stringify(conversation)}\n`).join('')))
  searched = conversations.flatMap(({ messages }) => messages.map(({ content }) => new RegExp(`\\p{L}{${SHORTEST},} \\p{L}{${SHORTEST},} \\p{L}{${SHORTEST},}`, 'u').exec(content)?.[0])).find((words) => words !== undefined)!
  const vocabulary = new Set(conversations.flatMap(({ messages }) => messages.flatMap(({ content }) => content.toLowerCase().match(new RegExp(`\\p{L}{${SHORTEST},}`, 'gu')) ?? [])))
  const times = conversations.flatMap(({ messages }) => [messages[0]!.timestamp!, String(Date.parse(messages[0]!.timestamp!))])
  secrets = [
    ...shuffled([...vocabulary].sort(), random).slice(0, WORDS),
    ...conversations.flatMap(({ id, title, messages }) => [id, title!, messages[0]!.id]),
    ...names,
    ...times,
    ...[FIRST_PASSWORD, SECOND_PASSWORD, WRITTEN, DRAFT, FILTER, searched],
    ...searched.split(' '),
    // Parts are enough to give them away.
    ...[FIRST_PASSWORD, SECOND_PASSWORD, WRITTEN, DRAFT].flatMap((text) => text.split(/[ -]/).filter((part) => part.length >= SHORTEST)),
  ]
}, 120_000)

afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

describe.each(engines)('a copied profile of $engine', ({ engine, launch }) => {
  const found = findBrowser(engine) !== undefined
  const profile = (name: string): string => join(folder, `${engine}-${name}`)
  const inProfile = async (name: string, work: (context: BrowserContext) => Promise<void>): Promise<string> => {
    const context = await launch(profile(name))
    context.setDefaultTimeout(20_000)
    try {
      await work(context)
      // Browsers write drafts and sessions down a while after something was typed.
      await new Promise((resolve) => setTimeout(resolve, 3000))
    } finally {
      await context.close()
    }
    return profile(name)
  }

  test.skipIf(!found)('tells nothing of what was loaded, typed or searched', async () => {
    // The same steps, so that what the browser keeps of the page itself is in both.
    const control = await inProfile('control', (context) =>
      useAll(context, { passwords: ['another password altogether', 'and yet another one'], load: (page) => page.loadSample(), chats: ['sample-night-train', 'sample-release'], written: 'three plain words', draft: 'unfinished', filter: 'zzz', searched: 'night train' }),
    )
    const used = await inProfile('used', (context) =>
      useAll(context, {
        passwords: [FIRST_PASSWORD, SECOND_PASSWORD],
        load: async (page) => expect((await page.load(file)).conversations).toBe(conversations.length),
        chats: conversations.slice(5, 9).map(({ id }) => id),
        written: WRITTEN,
        draft: DRAFT,
        filter: FILTER,
        searched,
      }),
    )
    const scan = scanClear({ profile: used, secrets, control })
    console.log(`${engine}: ${scan.found.length} of ${scan.secrets} secrets found in ${scan.files} files, ${(scan.bytes / 1e6).toFixed(1)} MB; ${scan.excluded.length} are in a profile that never loaded them`)
    expect(scan.unread).toEqual([])
    expect(scan.excluded.length).toBeLessThan(WORDS / 2)
    expect(scan.found).toEqual([])
  })

  test.skipIf(!found)('of a page that stores the same plainly tells nearly everything', async () => {
    const data = JSON.stringify(conversations)
    const web = createServer((request, response) => {
      if (request.url === '/data') return response.end(data)
      return response.setHeader('content-type', 'text/html').end('<!doctype html><title>plain</title>')
    })
    web.listen(0, '127.0.0.1')
    await once(web, 'listening')
    const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`
    const plain = await inProfile('plain', async (context) => {
      const page = await context.newPage()
      await page.goto(url)
      await page.evaluate(storePlainly)
    })
    web.close()
    // What was typed elsewhere was never stored here.
    const stored = secrets.filter((secret) => !secret.includes(' ') || conversations.some(({ title, participants }) => title === secret || participants.includes(secret)))
    const here = new Set(readCorpusText())
    const searched = [...new Set(stored)].filter((secret) => here.has(secret.toLowerCase()))
    const scan = scanClear({ profile: plain, secrets: searched })
    const share = scan.found.length / scan.secrets
    console.log(`${engine}, stored plainly: ${scan.found.length} of ${scan.secrets} secrets found (${(share * 100).toFixed(1)} %)`)
    expect(share).toBeGreaterThanOrEqual(0.95)
  })
})

interface Use {
  readonly passwords: readonly [string, string]
  readonly load: (page: VaultPage) => Promise<void>
  readonly chats: readonly string[]
  readonly written: string
  readonly draft: string
  readonly filter: string
  readonly searched: string
}

/** Everything a person does in a first week. Ends with a draft and a search on the screen, the vault open. */
async function useAll(context: BrowserContext, { passwords, load, chats, written, draft, filter, searched: query }: Use): Promise<void> {
  const [first, second] = passwords
  const page = await VaultPage.open(context, server.url)
  await page.create(first)
  await load(page)
  await page.reload()
  await page.unlock(first)
  for (const id of chats) await page.openChat(id)
  await page.send(written)
  await page.draft(draft)
  await page.filter(filter, /^0 of /)
  const search = new SearchBox(page.page)
  await search.type(query)
  await page.page.keyboard.press('Enter')
  await search.opened()
  await search.focusEmpty()
  await expect.poll(() => search.recent()).toEqual([query])
  expect(await page.changePassword(first, second)).toMatch(/^The password is changed/)
  await page.lock()
  await page.reload()
  await page.unlock(second)
  await page.openChat(chats[0]!)
  await page.draft(draft)
  await page.filter(filter, /^0 of /)
}

/** Every word, title, name and id that a plain store of the conversations holds, in lower case. */
function readCorpusText(): string[] {
  return conversations.flatMap(({ id, title, participants, messages }) => [
    id,
    title!,
    ...participants,
    ...messages.flatMap((message) => [message.id, message.timestamp!, ...(message.content.toLowerCase().match(/\p{L}+/gu) ?? [])]),
  ]).map((text) => text.toLowerCase())
}

/** Runs in the page. */
async function storePlainly(): Promise<void> {
  const all = (await (await fetch('/data', { cache: 'no-store' })).json()) as { messages: object[] }[]
  const opening = indexedDB.open('plain')
  opening.onupgradeneeded = () => opening.result.createObjectStore('conversations', { keyPath: 'id' })
  await new Promise((resolve, reject) => {
    opening.onsuccess = resolve
    opening.onerror = reject
  })
  const transaction = opening.result.transaction('conversations', 'readwrite')
  for (const conversation of all) transaction.objectStore('conversations').put(conversation)
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve
    transaction.onabort = reject
  })
  opening.result.close()
}
