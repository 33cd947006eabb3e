// A tab that another tab's lock did not reach learns of it before its next read: messages may be lost, and a frozen tab hears none.

import { VaultError } from '../errors.js'
import type { LockMark } from '../stores/lock-mark.js'

export class LockWatch {
  readonly #mark: LockMark | undefined
  readonly #opened: string | undefined
  readonly #lock: () => void
  readonly #stop: (() => void) | undefined
  #isOver = false

  /** @param opened what the mark said before the vault was opened. @param lock begins the lock of this tab */
  constructor(mark: LockMark | undefined, opened: string | undefined, lock: () => void) {
    this.#mark = mark
    this.#opened = opened
    this.#lock = lock
    this.#stop = mark?.subscribe(() => this.#look())
  }

  #look(): void {
    if (!this.#isOver && this.#mark?.read() !== this.#opened) this.#lock()
  }

  /** @throws {VaultError} `locked` */
  check(): void {
    if (this.#isOver) return
    this.#look()
    if (this.#isOver) throw new VaultError('locked', 'the vault was locked in another tab; unlock it again', { reason: 'other-tab' })
  }

  /** The lock of this tab has begun. @param tell whether the others shall lock too */
  end(tell: boolean): void {
    this.#isOver = true
    this.#stop?.()
    if (tell) this.#mark?.raise()
  }
}
