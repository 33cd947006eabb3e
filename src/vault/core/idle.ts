// Work that can wait until the page has nothing better to do.

/** What an idle moment is waited for where the engine does not tell of one (Safari): paint and input go first. */
const UNTOLD_MS = 30
/** A page that may be seen and paints nothing: one in a window that another one covers. */
const NO_FRAME_MS = 50

/** Whether somebody may be looking at the page this runs in; nobody looks at a worker. */
export function mayBeSeen(): boolean {
  return typeof document !== 'undefined' && document.visibilityState !== 'hidden'
}

/** After what the next frame does, and not before some time has passed; soon enough also where no frames come. */
export function afterNextFrame(restMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(() => {
      if (typeof requestAnimationFrame !== 'function') return resolve()
      const timer = setTimeout(() => {
        cancelAnimationFrame(frame)
        resolve()
      }, NO_FRAME_MS)
      const frame = requestAnimationFrame(() => {
        clearTimeout(timer)
        // Whoever asked for this frame later than this has it first.
        setTimeout(resolve, 0)
      })
    }, restMs)
  })
}

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
