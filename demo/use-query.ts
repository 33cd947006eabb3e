// Shows what the vault holds now: asks again when it changes, here or in another tab.

import type { UnlockedVault, VaultEvent } from 'sealed-vault'
import { useEffect, useRef, useState } from 'preact/hooks'

type Changed = VaultEvent & { readonly kind: 'changed' }

interface Query<T> {
  readonly vault: UnlockedVault
  /** Whether this change makes the answer stale. */
  readonly concerns: (event: Changed) => boolean
  readonly ask: () => Promise<T>
}

/**
 * The newest answer, and what went wrong with the last try. `deps` are what the question depends on; with every change of them it is asked again.
 * Changes come faster than they can be shown: however many came meanwhile, one more look is enough.
 */
export function useQuery<T>({ vault, concerns, ask }: Query<T>, deps: readonly unknown[]): { readonly answer: T | undefined; readonly error: unknown; readonly refresh: () => void } {
  const [answer, setAnswer] = useState<T>()
  const [error, setError] = useState<unknown>()
  const newest = useRef({ ask, concerns })
  newest.current = { ask, concerns }
  const refresh = useRef(() => {})

  useEffect(() => {
    let gone = false
    let running = false
    let stale = false
    const run = async (): Promise<void> => {
      stale = true
      if (running) return
      running = true
      while (stale && !gone) {
        stale = false
        try {
          const found = await newest.current.ask()
          // An answer that is stale already is shown all the same: somebody typing fast sees the list move.
          if (!gone) {
            setAnswer(() => found)
            setError(undefined)
          }
        } catch (failure) {
          if (!gone) setError(failure)
        }
      }
      running = false
    }
    refresh.current = () => void run()
    const stop = vault.subscribe((event) => {
      if (event.kind === 'changed' && newest.current.concerns(event)) void run()
    })
    return () => {
      gone = true
      stop()
    }
  }, [vault])
  useEffect(() => refresh.current(), [vault, ...deps])

  return { answer, error, refresh: () => refresh.current() }
}
