// Long work in slices: after some milliseconds the page gets its turn.

import { afterNextFrame } from './idle.js'

const SLICE_MS = 12
/** Beside an animation, so that a frame that has work of its own is not late. The piece of work that uses it up ends behind it: to seal a page takes another millisecond. */
const UNHURRIED_SLICE_MS = 1
const UNHURRIED_REST_MS = 10
/** Frames that it leaves to other work, one after the other. */
const MAX_FRAMES_LEFT = 4

/** How fast long work goes. Asked anew at each slice. */
export interface Pace {
  /** Whether nobody waits for it and somebody may be looking. */
  readonly isUnhurried: boolean
  /** Whether this frame has other work of the vault. */
  readonly isBusy: boolean
}

/** Gives way when the current slice is used up. One per piece of long work. */
export class Slices {
  #started = performance.now()
  #turn: Promise<void> | undefined
  readonly #pace: Pace | undefined
  readonly signal: AbortSignal | undefined

  constructor(signal?: AbortSignal, pace?: Pace) {
    this.signal = signal
    this.#pace = pace
  }

  /**
   * Whether to breathe before going on. What is done side by side asks this itself, and again after breathing: of many who only wait for `breathe`
   * all are told to go on before the first of them has used up the slice.
   */
  get isDue(): boolean {
    return this.signal?.aborted === true || performance.now() - this.#started >= (this.#pace?.isUnhurried === true ? UNHURRIED_SLICE_MS : SLICE_MS)
  }

  /** @throws the signal's reason when it was aborted */
  async breathe(): Promise<void> {
    this.signal?.throwIfAborted()
    if (!this.isDue) return
    await (this.#turn ??= this.#nextTurn())
    this.signal?.throwIfAborted()
  }

  async #nextTurn(): Promise<void> {
    await (this.#pace?.isUnhurried === true ? rest(this.#pace) : nextTask())
    this.#turn = undefined
    this.#started = performance.now()
  }
}

async function rest(pace: Pace): Promise<void> {
  for (let frames = 0; frames <= MAX_FRAMES_LEFT; frames++) {
    await afterNextFrame(UNHURRIED_REST_MS)
    if (!pace.isUnhurried || !pace.isBusy) return
  }
}

/** A macrotask: timers are clamped to 4 ms when nested, a message is not. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(0)
  })
}
