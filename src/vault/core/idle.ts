// Work that can wait until the page has nothing better to do.

/** What an idle moment is waited for at least where the engine does not tell (Safari): paint and input go first. */
const QUIET_MS = 60

/** Calls back once the page is idle, and not at all if it is hidden by then. @returns what calls it off */
export function whenIdle(work: () => Promise<void>): () => void {
  const run = (): void => {
    if (typeof document === 'undefined' || document.visibilityState !== 'hidden') void work()
  }
  if (typeof requestIdleCallback === 'function') {
    const handle = requestIdleCallback(run)
    return () => cancelIdleCallback(handle)
  }
  const timer = setTimeout(run, QUIET_MS)
  ;(timer as { unref?: () => void }).unref?.()
  return () => clearTimeout(timer)
}
