// The rows of `archive` as tasks. Files go to the private file system of the page, as a backup goes to a file: no subject's file is held in memory.

import { streamedCorpus, type Conversation } from './corpus.ts'
import { growth, longestTask, watchLongTasks } from './measures.ts'
import { ArchivedVault } from './subjects/archived-vault.ts'
import type { ArchiveSubject, Brain, Counts, Preference } from './subjects/archive-subject.ts'
import { DexieExport } from './subjects/dexie-export.ts'

const FILE = 'archive'
const BRAINS = 20
const PREFERENCES = 20

const makers: Record<string, () => ArchiveSubject> = {
  'sealed-vault': () => new ArchivedVault(),
  'dexie-export-import': () => new DexieExport(),
}
let open: ArchiveSubject | undefined

function subject(): ArchiveSubject {
  if (open === undefined) throw new Error('no subject is open')
  return open
}

function vaultUnderTest(): ArchivedVault {
  const vault = subject()
  if (!(vault instanceof ArchivedVault)) throw new Error('only the vault can do this')
  return vault
}

function make(name: string): ArchiveSubject {
  const made = makers[name]
  if (made === undefined) throw new Error(`there is no subject ${name}`)
  open = made()
  return open
}

/** The corpus has no brains; these remember some of its messages. */
function brainOf({ id, messages }: Conversation): Brain {
  return { entityId: `brain:${id}`, model: 'model', configuration: { temperature: 0.7 }, memories: messages.map(({ content }) => content) }
}

function preferenceOf({ id, participants }: Conversation): Preference {
  return { key: `preference:${id}`, value: participants.join(', ') }
}

async function exportToFile(): Promise<number> {
  const folder = await navigator.storage.getDirectory()
  const handle = await folder.getFileHandle(FILE, { create: true })
  const to = await handle.createWritable()
  const start = performance.now()
  await subject().export(to)
  return performance.now() - start
}

async function file(): Promise<File> {
  return (await (await navigator.storage.getDirectory()).getFileHandle(FILE)).getFile()
}

export const archiveTasks = {
  /** Loads everything. @returns how many records a file must hold */
  'archive/load': async ({ subject: name }: { subject: string }): Promise<Counts> => {
    const store = make(name)
    await store.create()
    let sessions = 0
    let messages = 0
    const first: Conversation[] = []
    async function* counted(): AsyncGenerator<Conversation, void, undefined> {
      for await (const conversation of streamedCorpus()) {
        sessions++
        messages += conversation.messages.length
        if (first.length < Math.max(BRAINS, PREFERENCES)) first.push(conversation)
        yield conversation
      }
    }
    await store.load(counted())
    const brains = first.slice(0, BRAINS).map(brainOf)
    const preferences = first.slice(0, PREFERENCES).map(preferenceOf)
    await store.add(brains, preferences)
    await store.close()
    return { sessions, chatLogs: sessions, messages, brains: brains.length, preferences: preferences.length }
  },

  'archive/reopen': async ({ subject: name }: { subject: string }): Promise<void> => {
    await make(name).reopen()
  },

  /** Bytes of the plain JSON of everything, by our vault. */
  'archive/json-bytes': async (): Promise<number> => {
    return vaultUnderTest().jsonBytes()
  },

  /** Milliseconds. */
  'archive/export': exportToFile,

  'archive/export-growth': () => growth(exportToFile),

  'archive/file-bytes': async (): Promise<number> => (await file()).size,

  'archive/count': async (): Promise<{ readonly ms: number; readonly counts: Counts }> => {
    const source = await file()
    const start = performance.now()
    const counts = await subject().count(source)
    return { ms: performance.now() - start, counts }
  },

  /** Milliseconds of a bulk load of the same conversations, and of a restore from the file, each into a vault of its own. */
  'archive/bulk-load': async (): Promise<number> => vaultUnderTest().bulkLoad(streamedCorpus()),

  'archive/restore': async ({ counts }: { counts: Counts }): Promise<number> => vaultUnderTest().restore(await file(), counts),

  'archive/restore-growth': async ({ counts }: { counts: Counts }) => growth(async () => vaultUnderTest().restore(await file(), counts)),

  'archive/count-growth': () => growth(async () => subject().count(await file())),

  /** False where the engine does not tell of long tasks. */
  'archive/watch': async (): Promise<boolean> => watchLongTasks(),

  'archive/longest-task': longestTask,

  'archive/close': async (): Promise<void> => {
    await subject().close()
    open = undefined
  },
}
