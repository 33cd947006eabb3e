// Work that can wait until the page has nothing better to do.

/** What an idle moment is waited for where the engine does not tell of one (Safari): paint and input go first. */
const UNTOLD_MS = 30

/** Calls back once some time has passed and the page is idle, and not at all if it is hidden by then. @returns what calls it off */
export function whenIdle(work: () => Promise<void>, afterMs: number): () => void {
  const run = (): void => {
    if (typeof document === 'undefined' || document.visibilityState !== 'hidden') void work()
  }
  const tells = typeof requestIdleCallback === 'function'
  let handle: number | undefined
  const timer = setTimeout(() => {
    if (tells) handle = requestIdleCallback(run)
    else run()
  }, afterMs + (tells ? 0 : UNTOLD_MS))
  ;(timer as { unref?: () => void }).unref?.()
  return () => {
    clearTimeout(timer)
    if (handle !== undefined) cancelIdleCallback(handle)
  }
}
