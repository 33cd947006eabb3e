// A directory in memory, as a page sees one that a user chose: files appear whole when they are closed.

import type { BackupDirectory, BackupFileHandle } from '../../src/vault/archive/backup-files.js'

export interface MemoryDirectory extends BackupDirectory {
  readonly files: Map<string, Uint8Array<ArrayBuffer>>
  /** What the next write, or every read, fails with. */
  failWrite: (() => Error) | undefined
  damage: ((name: string, bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) | undefined
}

export function memoryDirectory(): MemoryDirectory {
  const files = new Map<string, Uint8Array<ArrayBuffer>>()
  const missing = (): DOMException => new DOMException('there is no such file', 'NotFoundError')
  const handleOf = (name: string): BackupFileHandle => ({
    getFile: async () => {
      const bytes = files.get(name)
      if (bytes === undefined) throw missing()
      return new Blob([bytes])
    },
    createWritable: async () => {
      const parts: Uint8Array<ArrayBuffer>[] = []
      return new WritableStream({
        write: (part) => {
          if (directory.failWrite !== undefined) throw directory.failWrite()
          parts.push(part.slice())
        },
        close: async () => {
          const bytes = new Uint8Array(await new Blob(parts).arrayBuffer())
          files.set(name, directory.damage?.(name, bytes) ?? bytes)
        },
      })
    },
  })
  const directory: MemoryDirectory = {
    files,
    failWrite: undefined,
    damage: undefined,
    getFileHandle: async (name, { create = false } = {}) => {
      if (!files.has(name)) {
        if (!create) throw missing()
        files.set(name, new Uint8Array(0))
      }
      return handleOf(name)
    },
    removeEntry: async (name) => {
      if (!files.delete(name)) throw missing()
    },
    keys: async function* keys() {
      yield* [...files.keys()]
    },
  }
  return directory
}
