// Where a file goes that is made while it is saved. Three ways, the best that the browser has:
//
// - `showSaveFilePicker` (Chromium): the person says where, and the stream goes straight to that place. What was there before stays until the last byte is written.
// - A file in the origin's private file system, offered as an ordinary download when it is whole (Firefox, Safari 26): the memory taken does not grow with the file.
//   Only for what is sealed: it lies in the browser's profile until it is cleared away.
// - A Blob in memory, offered the same way: in private windows and older browsers, which have neither, and for what is not sealed, which must not be left in the profile.

import { createHeldFile, type HeldFile } from './held-file.js'

export interface SavedFile {
  readonly name: string
  /** What was written, read again from where it lies; missing where the browser does not tell the page where that is. */
  readonly file?: File
  /** The address under which it can be downloaded once more; missing where the person chose the place. */
  readonly link?: string
}

export interface Destination {
  /** Takes the stream to its end; a file that did not become whole is taken away again. */
  readonly write: (stream: ReadableStream<Uint8Array>, signal: AbortSignal) => Promise<SavedFile>
  /** Nothing will be written. */
  readonly discard: () => Promise<void>
}

export interface FileKind {
  readonly description: string
  readonly ending: `.${string}`
  readonly type: string
  readonly isSealed: boolean
}

/** Of Chromium; the language does not know it. */
interface WithPicker {
  showSaveFilePicker?: (options: { readonly suggestedName: string; readonly types: readonly { readonly description: string; readonly accept: Readonly<Record<string, readonly string[]>> }[] }) => Promise<FileSystemFileHandle>
}

/**
 * To be called while the click still counts: a picker opens for nothing else.
 * @returns undefined when the person closed the dialog
 */
export async function chooseDestination(suggestedName: string, kind: FileKind): Promise<Destination | undefined> {
  const { showSaveFilePicker } = globalThis as WithPicker
  if (showSaveFilePicker !== undefined) {
    try {
      return chosenPlace(await showSaveFilePicker({ suggestedName, types: [{ description: kind.description, accept: { [kind.type]: [kind.ending] } }] }))
    } catch (error) {
      if ((error as DOMException).name === 'AbortError') return undefined
      // Not allowed here, as in a frame of another site: then as browsers without it do.
    }
  }
  const held = kind.isSealed ? await createHeldFile() : undefined
  return held === undefined ? inMemory(suggestedName, kind) : heldPlace(held, suggestedName)
}

async function chosenPlace(handle: FileSystemFileHandle & { remove?: () => Promise<void> }): Promise<Destination> {
  // The dialog makes a file that is new. One that was there is older data of this person and is never removed.
  const isNew = (await handle.getFile()).size === 0
  const discard = async (): Promise<void> => {
    if (isNew) await handle.remove?.().catch(() => undefined)
  }
  const write: Destination['write'] = async (stream, signal) => {
    await stream.pipeTo(await handle.createWritable(), { signal })
    return { name: handle.name, file: await handle.getFile() }
  }
  return { write, discard }
}

function heldPlace(held: HeldFile, name: string): Destination {
  return {
    discard: held.remove,
    async write(stream, signal) {
      await stream.pipeTo(await held.handle.createWritable(), { signal })
      return offer(await held.handle.getFile(), name)
    },
  }
}

function inMemory(name: string, { type }: FileKind): Destination {
  return {
    discard: async () => undefined,
    async write(stream, signal) {
      const pieces: BlobPart[] = []
      await stream.pipeTo(new WritableStream({ write: (piece) => void pieces.push(piece as Uint8Array<ArrayBuffer>) }), { signal })
      return offer(new Blob(pieces, { type }), name)
    },
  }
}

/** Begins a download as a click on a link does. */
function offer(file: Blob, name: string): SavedFile {
  const link = URL.createObjectURL(file)
  const anchor = document.createElement('a')
  anchor.href = link
  anchor.download = name
  document.body.append(anchor)
  anchor.click()
  anchor.remove()
  return { name, link }
}
