// Files that are held in the origin's private file system until the browser has downloaded them. No browser says when that is, so they stay for a while.

const FOLDER = 'backups-on-their-way'
/** Far longer than a browser takes to copy a file of its own. */
const STAYS_MS = 60 * 60 * 1000

export interface HeldFile {
  readonly handle: FileSystemFileHandle
  readonly remove: () => Promise<void>
}

/** @returns undefined where the browser has no such file system, or denies it, or cannot write to it as a stream */
export async function createHeldFile(): Promise<HeldFile | undefined> {
  if (typeof FileSystemFileHandle === 'undefined' || !('createWritable' in FileSystemFileHandle.prototype)) return undefined
  try {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true })
    const name = `${Date.now()}-${crypto.randomUUID()}`
    const handle = await folder.getFileHandle(name, { create: true })
    return { handle, remove: () => folder.removeEntry(name).catch(() => undefined) }
  } catch {
    return undefined
  }
}

/** Takes away what earlier downloads left. Whether it works is of no consequence for what comes after: it is sealed, and it is tried again. */
export async function clearHeldFiles(now: number): Promise<void> {
  try {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER)
    const names: string[] = []
    for await (const name of folder.keys()) names.push(name)
    for (const name of names) if (!(now - Number.parseInt(name, 10) < STAYS_MS)) await folder.removeEntry(name)
  } catch {
    // There is no such folder, or another tab is writing into it.
  }
}
