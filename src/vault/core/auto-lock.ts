// When a vault locks by itself: after a time without use, by the wall clock (timers stand still while a machine sleeps, the
// clock does not), and when the page is hidden, if asked to.

export interface AutoLockOptions {
  /** Locks after this many ms without use. */
  readonly idleMs?: number
  /** An event tells this many ms before, so that the page can ask; a quarter of `idleMs`, and 30 seconds at the most, when left out. */
  readonly warnMs?: number
  /** Locks as soon as the page is hidden. */
  readonly onHide?: boolean
}

/** What the page tells of its user; missing outside of pages. */
export interface PageSignals {
  /** Calls back at every sign of a person (keys, pointer). */
  onActivity(listener: () => void): () => void
  onHidden(listener: () => void): () => void
  /** Shown again: time may have passed unseen. */
  onShown(listener: () => void): () => void
  /** Runs again after it was suspended, whether or not anybody sees it. */
  onWoken(listener: () => void): () => void
  /** The page goes away, perhaps for ever. */
  onLeaving(listener: () => void): () => void
}

/** @throws {RangeError} for a time that is no positive number */
export function checkAutoLock({ idleMs, warnMs }: AutoLockOptions): void {
  if (idleMs !== undefined && !(idleMs > 0)) throw new RangeError('autoLock.idleMs must be a positive number of ms')
  if (warnMs !== undefined && !(warnMs > 0)) throw new RangeError('autoLock.warnMs must be a positive number of ms')
}

export interface AutoLockPorts {
  readonly lock: (reason: 'idle' | 'hidden') => void
  /** Tells other tabs that this one is in use; called now and then while it is. */
  readonly tellUse: () => void
  /** The time is nearly up; undefined when it was put off after all. */
  readonly warn: (inMs: number | undefined) => void
}

const LONGEST_LOOK_MS = 10_000
const LONGEST_SILENCE_MS = 5000
const LONGEST_WARNING_MS = 30_000

export class AutoLock {
  readonly #options: AutoLockOptions
  readonly #now: () => number
  readonly #ports: AutoLockPorts
  readonly #stops: (() => void)[] = []
  #timer: ReturnType<typeof setInterval> | undefined
  #lastUse: number
  #lastTold = -Infinity
  #hasWarned = false

  constructor(options: AutoLockOptions, signals: PageSignals, now: () => number, ports: AutoLockPorts) {
    this.#options = options
    this.#now = now
    this.#ports = ports
    this.#lastUse = now()
    const { idleMs, onHide } = options
    if (idleMs !== undefined) {
      this.#timer = setInterval(() => this.#look(), Math.min(LONGEST_LOOK_MS, Math.max(50, Math.min(idleMs / 4, this.#warnMs / 2))))
      ;(this.#timer as { unref?: () => void }).unref?.()
      this.#stops.push(signals.onActivity(() => this.noteUse()), signals.onShown(() => this.#look()), signals.onWoken(() => this.#look()))
    }
    if (onHide === true) this.#stops.push(signals.onHidden(() => this.#ports.lock('hidden')))
  }

  /** The vault or the page was used. A use that comes after the time was up does not undo it. */
  noteUse(): void {
    if (this.#options.idleMs === undefined || this.#expired()) return
    const now = this.#now()
    this.#used(now)
    if (Math.abs(now - this.#lastTold) < Math.min(LONGEST_SILENCE_MS, this.#options.idleMs / 20)) return
    this.#lastTold = now
    this.#ports.tellUse()
  }

  /** Another tab was used: one that lies idle must not lock it. */
  noteUseElsewhere(): void {
    if (!this.#expired()) this.#used(this.#now())
  }

  #used(now: number): void {
    this.#lastUse = now
    if (!this.#hasWarned) return
    this.#hasWarned = false
    this.#ports.warn(undefined)
  }

  get #warnMs(): number {
    const { idleMs = Infinity, warnMs = Math.min(LONGEST_WARNING_MS, idleMs / 4) } = this.#options
    return warnMs
  }

  #expired(): boolean {
    const { idleMs } = this.#options
    return idleMs !== undefined && this.#now() - this.#lastUse >= idleMs
  }

  #look(): void {
    if (this.#expired()) this.#ports.lock('idle')
    // A clock that was set back would keep the vault open for as long as it was wrong.
    else if (this.#now() < this.#lastUse) this.#lastUse = this.#now()
    const left = this.#options.idleMs! - (this.#now() - this.#lastUse)
    if (left <= 0 || left > this.#warnMs || this.#hasWarned) return
    this.#hasWarned = true
    this.#ports.warn(left)
  }

  stop(): void {
    clearInterval(this.#timer)
    for (const stop of this.#stops) stop()
  }
}

/** Signals of the page this code runs in; of none where there is no document. */
export function pageSignals(): PageSignals {
  const on = (target: EventTarget | undefined, types: readonly string[], wanted: () => boolean) => (listener: () => void) => {
    if (target === undefined) return () => {}
    const heard = (): void => {
      if (wanted()) listener()
    }
    for (const type of types) target.addEventListener(type, heard, { capture: true, passive: true })
    return () => {
      for (const type of types) target.removeEventListener(type, heard, { capture: true })
    }
  }
  const page = typeof document === 'undefined' ? undefined : document
  const view = typeof window === 'undefined' ? undefined : window
  // Events of the document pass by the window on their way down.
  const always = (): boolean => true
  return {
    onActivity: on(view, ['pointerdown', 'keydown', 'wheel', 'touchstart'], always),
    onHidden: on(page, ['visibilitychange'], () => page?.visibilityState === 'hidden'),
    onShown: on(page, ['visibilitychange'], () => page?.visibilityState !== 'hidden'),
    onWoken: on(view, ['pageshow', 'resume'], always),
    onLeaving: on(view, ['pagehide', 'freeze'], always),
  }
}
