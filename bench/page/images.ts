// The rows of `images` as tasks.

import { growth, longestTask, watchLongTasks } from './measures.ts'
import { PictureIdb } from './subjects/picture-idb.ts'
import type { PictureSubject, Walk } from './subjects/picture-subject.ts'
import { PictureVault } from './subjects/picture-vault.ts'

/** Characters of base64 in each message. */
const IMAGE = 2 ** 20
const SCREEN = 10
/** Bytes made at once: a part of the whole, and in threes, so that no padding is within. */
const PIECE = 49_152
const WORD = 'lighthouse'

const makers: Record<string, () => PictureSubject> = {
  'sealed-vault': () => new PictureVault(),
  idb: () => new PictureIdb(),
}
let open: PictureSubject | undefined

function subject(): PictureSubject {
  if (open === undefined) throw new Error('no subject is open')
  return open
}

/** Noise: what is in a JPEG or PNG compresses no better. The same for the same number; made bit by bit, so that it is no long task itself. */
async function pictureOf(number: number): Promise<string> {
  const bytes = (IMAGE / 4) * 3
  let x = 0x9e3779b9 ^ (number + 1)
  let text = ''
  for (let at = 0; at < bytes; at += PIECE) {
    const words = new Uint32Array(PIECE / 4)
    for (let i = 0; i < words.length; i++) {
      // xorshift32 (Marsaglia 2003).
      x ^= x << 13
      x ^= x >>> 17
      x ^= x << 5
      words[i] = x
    }
    text += btoa(String.fromCharCode(...new Uint8Array(words.buffer)))
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  return text
}

/** A screen at a time is held, as a page that shows it would. */
async function walkThrough(walk: Walk, look?: () => Promise<void>): Promise<number> {
  let messages = 0
  for await (const screen of subject().walk(walk, SCREEN)) {
    await look?.()
    messages += screen.length
  }
  return messages
}

/** Rows of long values that are read while work runs. */
async function blobReads(work: () => Promise<unknown>): Promise<number> {
  const store = IDBObjectStore.prototype as unknown as Record<'get' | 'getAll', (this: IDBObjectStore, ...given: unknown[]) => IDBRequest>
  const before = { get: store.get, getAll: store.getAll }
  let reads = 0
  for (const method of ['get', 'getAll'] as const) {
    store[method] = function (...given) {
      if (this.name === 'blobs') reads++
      return before[method].apply(this, given)
    }
  }
  try {
    await work()
  } finally {
    Object.assign(store, before)
  }
  return reads
}

export const imageTasks = {
  'images/create': async ({ subject: name }: { subject: string }): Promise<void> => {
    const make = makers[name]
    if (make === undefined) throw new Error(`there is no subject ${name}`)
    open = make()
    await open.create()
  },

  /** Milliseconds of each append. */
  'images/append': async ({ count }: { count: number }): Promise<number[]> => {
    const times: number[] = []
    for (let number = 0; number < count; number++) {
      const message = { senderId: 'ada', type: 'user' as const, content: `a ${WORD}, number ${number}`, metadata: { images: [await pictureOf(number)] } }
      const start = performance.now()
      await subject().append(message)
      times.push(performance.now() - start)
    }
    return times
  },

  /** @returns how it can be walked through */
  'images/reopen': async ({ subject: name }: { subject: string }): Promise<readonly Walk[]> => {
    open = makers[name]!()
    await open.reopen()
    return open.walks
  },

  /** Every picture must come back as it was given, before anything is timed, whichever way. */
  'images/verify': async ({ walk, count }: { walk: Walk; count: number }): Promise<void> => {
    let number = 0
    for await (const screen of subject().walk(walk, SCREEN)) {
      for (const { image } of screen) {
        const given = await pictureOf(number++)
        if (walk === 'deferred' ? image === '' || !given.startsWith(image) : image !== given) throw new Error(`picture ${number - 1} came back as another`)
      }
    }
    if (number !== count) throw new Error(`${number} messages came back of ${count}`)
  },

  /** Milliseconds of a whole walk. */
  'images/walk': async ({ walk }: { walk: Walk }): Promise<number> => {
    const start = performance.now()
    await walkThrough(walk)
    return performance.now() - start
  },

  /** Looked at with every screen in view, and in between. */
  'images/walk-growth': ({ walk }: { walk: Walk }) => growth((look) => walkThrough(walk, look)),

  /** Milliseconds, messages found, and rows of pictures that were read for it. */
  'images/find': async (): Promise<{ readonly ms: number; readonly found: number; readonly reads: number }> => {
    let found = 0
    const start = performance.now()
    const reads = await blobReads(async () => {
      found = await subject().find(WORD)
    })
    return { ms: performance.now() - start, found, reads }
  },

  'images/bytes-at-rest': (): Promise<number | undefined> => subject().bytesAtRest(),

  'images/watch': async (): Promise<boolean> => watchLongTasks(),

  'images/longest-task': longestTask,

  'images/close': (): Promise<void> => subject().close(),
}
