// When the page is about to stand still, and when it comes back. Does nothing where there is no page (workers, Node).

export interface PageListener {
  /** The page may not run again for long: a connection or a transaction left open would block every other tab. */
  readonly suspend: () => void
  /** The page runs again: what was open may be dead without having said so. */
  readonly wake: () => void
}

/** Listens until the returned function is called. */
export function watchPage(listener: PageListener): () => void {
  if (typeof document === 'undefined' || typeof window === 'undefined') return () => {}
  const suspend = (): void => listener.suspend()
  const wake = (): void => listener.wake()
  // A page that is thrown away takes its connection along, and its last writes may still be under way.
  // One that goes to the back/forward cache would keep both.
  const hide = (event: PageTransitionEvent): void => {
    if (event.persisted) listener.suspend()
  }
  const show = (event: PageTransitionEvent): void => {
    if (event.persisted) listener.wake()
  }
  const change = (): void => {
    if (document.visibilityState === 'visible') listener.wake()
  }
  document.addEventListener('freeze', suspend)
  document.addEventListener('resume', wake)
  document.addEventListener('visibilitychange', change)
  window.addEventListener('pagehide', hide)
  window.addEventListener('pageshow', show)
  return () => {
    document.removeEventListener('freeze', suspend)
    document.removeEventListener('resume', wake)
    document.removeEventListener('visibilitychange', change)
    window.removeEventListener('pagehide', hide)
    window.removeEventListener('pageshow', show)
  }
}
