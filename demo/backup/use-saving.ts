// Saves a file that the vault makes while it is written: how far it is, how it ended, and a way to stop it.

import type { UnlockedVault } from 'sealed-vault'
import { useEffect, useRef, useState } from 'preact/hooks'
import { chooseDestination, type FileKind, type SavedFile } from './save-file.js'
import { useLeaveGuard } from './use-leave-guard.js'

/** What the vault makes. */
export interface Made<T> {
  readonly stream: ReadableStream<Uint8Array>
  readonly report: Promise<T>
}

export type Saving<T> =
  | { readonly step: 'idle' }
  | { readonly step: 'choosing' }
  /** `done` is a part of 1; missing while it cannot be known. */
  | { readonly step: 'writing'; readonly done?: number }
  | { readonly step: 'saved'; readonly saved: SavedFile; readonly report: T }
  | { readonly step: 'cancelled' }
  | { readonly step: 'failed'; readonly error: unknown }

interface SavingJob<T> {
  readonly name: string
  readonly kind: FileKind
  readonly make: (signal: AbortSignal, onDone: (done: number) => void) => Promise<Made<T>>
}

/** @param onLeft told when the page shows something else before the file was whole: nobody shall believe that it was made */
export function useSaving<T>(vault: UnlockedVault, onLeft: () => void): { readonly saving: Saving<T>; readonly save: (job: SavingJob<T>) => Promise<void>; readonly cancel: () => void } {
  const [saving, setSaving] = useState<Saving<T>>({ step: 'idle' })
  const stopper = useRef<AbortController>(undefined)
  const links = useRef<string[]>([])
  const isWriting = saving.step === 'writing'
  const writing = useRef(false)
  writing.current = isWriting
  useEffect(
    () => () => {
      stopper.current?.abort()
      if (writing.current) onLeft()
      for (const link of links.current) URL.revokeObjectURL(link)
    },
    [],
  )
  useLeaveGuard(isWriting)

  /** To be called in the handler of a click. */
  async function save({ name, kind, make }: SavingJob<T>): Promise<void> {
    const { signal } = (stopper.current = new AbortController())
    setSaving({ step: 'choosing' })
    let discard: (() => Promise<void>) | undefined
    try {
      const destination = await chooseDestination(name, kind)
      if (destination === undefined) return setSaving({ step: 'idle' })
      discard = destination.discard
      setSaving({ step: 'writing' })
      const { stream, report } = await make(signal, (done) => {
        // Somebody waits for this: it is use of the vault.
        vault.noteUse()
        setSaving({ step: 'writing', done })
      })
      const saved = await destination.write(stream, signal)
      if (saved.link !== undefined) links.current.push(saved.link)
      setSaving({ step: 'saved', saved, report: await report })
    } catch (error) {
      await discard?.()
      setSaving(signal.aborted ? { step: 'cancelled' } : { step: 'failed', error })
    }
  }

  return { saving, save, cancel: () => stopper.current?.abort() }
}
