// How often somebody tried in vain to open a vault, kept where a reload does not forget it. Whoever can write there can reset it, and who copied the folder is not asked.

import { findLocalStorage } from './web-storage-home.js'

export interface FailedAttempts {
  readonly count: number
  /** Milliseconds: when the last one was made. */
  readonly at: number
}

export interface AttemptCount {
  read(): FailedAttempts
  /** @param attempts undefined for none */
  write(attempts: FailedAttempts | undefined): void
}

/** Undefined where there is no localStorage, or it is forbidden. */
export function webStorageAttempts(vaultName: string): AttemptCount | undefined {
  const storage = findLocalStorage()
  if (storage === undefined) return undefined
  const key = `sealed-vault/${vaultName}/attempts`
  return {
    read: () => {
      try {
        const [count, at] = (storage.getItem(key) ?? '').split(' ').map(Number)
        if (Number.isSafeInteger(count) && count! > 0 && Number.isFinite(at)) return { count: count!, at: at! }
      } catch {
        // As if there were none.
      }
      return { count: 0, at: 0 }
    },
    write: (attempts) => {
      try {
        if (attempts === undefined) storage.removeItem(key)
        else storage.setItem(key, `${attempts.count} ${attempts.at}`)
      } catch {
        // Best effort.
      }
    },
  }
}
