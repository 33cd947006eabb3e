// A second home in the origin private file system: one small file for each key in the directory `sealed-vault`.

import type { SecondHome } from './second-home.js'

const DIRECTORY = 'sealed-vault'
// The file system of a broken profile may not answer at all, and an unlock waits for what it reads here.
const DEADLINE_MS = 2_000

const keyToFileName = (key: string): string => encodeURIComponent(key)

/** What the promise gives, or `otherwise` when it fails or takes too long; the latter is told. */
function orElse<T>(promise: Promise<T>, otherwise: T, late: () => void): Promise<T> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      late()
      resolve(otherwise)
    }, DEADLINE_MS)
    promise
      .then(resolve, () => resolve(otherwise))
      .finally(() => clearTimeout(timer))
  })
}

async function findDirectory(): Promise<FileSystemDirectoryHandle | undefined> {
  // WebKit had the file system long before it could write to it from a page.
  if (typeof FileSystemFileHandle === 'undefined' || !('createWritable' in FileSystemFileHandle.prototype)) return undefined
  const root = await navigator.storage.getDirectory()
  return root.getDirectoryHandle(DIRECTORY, { create: true })
}

/** A home that says nothing, of which nothing can be concluded. */
const SILENT: SecondHome = { kind: 'opfs', silent: true, read: async () => undefined, write: async () => false, remove: async () => {}, keys: async () => [] }

/** OPFS as a second home; undefined where it is missing, cannot be written, or is forbidden (private windows of Firefox). */
export async function opfsHome(): Promise<SecondHome | undefined> {
  let silent = false
  const late = (): void => void (silent = true)
  const directory = await orElse(findDirectory(), undefined, late)
  if (directory === undefined) return silent ? SILENT : undefined

  const read = async (key: string): Promise<string> => {
    const file = await directory.getFileHandle(keyToFileName(key))
    return (await file.getFile()).text()
  }
  const write = async (key: string, value: string): Promise<boolean> => {
    const file = await directory.getFileHandle(keyToFileName(key), { create: true })
    // Writes to a copy that takes the place of the file at `close`: a crash leaves the old or the new text, never a mixture.
    const stream = await file.createWritable()
    await stream.write(value)
    await stream.close()
    return true
  }
  const keys = async (prefix: string): Promise<string[]> => {
    const found: string[] = []
    for await (const fileName of directory.keys()) {
      const key = decodeURIComponent(fileName)
      if (key.startsWith(prefix)) found.push(key)
    }
    return found.sort()
  }
  return {
    kind: 'opfs',
    get silent() {
      return silent
    },
    // A file that was made but never written (a crash in between) holds nothing.
    read: async (key) => (await orElse<string | undefined>(read(key), undefined, late)) || undefined,
    write: (key, value) => orElse(write(key, value), false, late),
    remove: (key) => orElse(Promise.resolve().then(() => directory.removeEntry(keyToFileName(key))), undefined, late),
    keys: (prefix) => orElse(keys(prefix), [], late),
  }
}
