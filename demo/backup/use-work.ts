// Long work on a file that somebody waits for and may stop: how far it is, and how it ended.

import type { ImportProgress } from 'sealed-vault'
import { useEffect, useRef, useState } from 'preact/hooks'
import { useLeaveGuard } from './use-leave-guard.js'

export interface WorkOptions {
  readonly signal: AbortSignal
  readonly onProgress: (progress: ImportProgress) => void
}

/** `hasBegun`: something in the vault may be other than before. */
export type Ended<T> = { readonly is: 'done'; readonly value: T } | { readonly is: 'cancelled' | 'failed'; readonly error: unknown; readonly hasBegun: boolean }

export interface Work {
  readonly isBusy: boolean
  readonly progress: ImportProgress | undefined
  /** One at a time: what runs is stopped for what comes. Resolves to undefined for what was stopped so. */
  readonly run: <T>(work: (options: WorkOptions) => Promise<T>) => Promise<Ended<T> | undefined>
  readonly cancel: () => void
}

/** @param onUse called now and then while somebody waits */
export function useWork(onUse?: () => void): Work {
  const [state, setState] = useState<{ readonly isBusy: boolean; readonly progress?: ImportProgress }>({ isBusy: false })
  const current = useRef<AbortController>(undefined)
  useEffect(
    () => () => {
      current.current?.abort()
      current.current = undefined
    },
    [],
  )
  useLeaveGuard(state.progress?.phase === 'import')

  async function run<T>(work: (options: WorkOptions) => Promise<T>): Promise<Ended<T> | undefined> {
    current.current?.abort()
    const stopper = (current.current = new AbortController())
    const { signal } = stopper
    let hasBegun = false
    setState({ isBusy: true })
    const onProgress = (progress: ImportProgress): void => {
      hasBegun ||= progress.phase === 'import'
      onUse?.()
      if (current.current === stopper) setState({ isBusy: true, progress })
    }
    let ended: Ended<T>
    try {
      ended = { is: 'done', value: await work({ signal, onProgress }) }
    } catch (error) {
      ended = { is: signal.aborted ? 'cancelled' : 'failed', error, hasBegun }
    }
    if (current.current !== stopper) return undefined
    setState({ isBusy: false })
    return ended
  }

  return { ...state, progress: state.progress, run, cancel: () => current.current?.abort() }
}
