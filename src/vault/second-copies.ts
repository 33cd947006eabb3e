// What an opened vault keeps beside the database: its canary, raised as the vault grows, and the newest header.
// Best effort but for the copy a password change must have; what lies there is docs/format.md, section 10.

import type { SealedBytes } from '../brand.js'
import type { Backend } from '../stores/backend.js'
import { readCanaries, readHeaderMirrors, removeHeaderMirror, writeCanary, writeHeaderMirror, type Canary } from '../stores/canary.js'
import type { SecondHome } from '../stores/second-home.js'
import { decodeHeader } from './core/header.js'
import type { SecondCopiesSeen } from './health/audit.js'

/** Less than a second, which is how often apps like to save: what is written in one frame with a commit makes it late. */
const CANARY_EVERY_MS = 700

export class SecondCopies {
  readonly #homes: readonly SecondHome[]
  readonly #name: string
  readonly #canary: () => Canary
  #timer: ReturnType<typeof setTimeout> | undefined
  #stopped = false

  /** @param canary that of what this tab takes for true now */
  constructor(homes: readonly SecondHome[], name: string, canary: () => Canary) {
    this.#homes = homes
    this.#name = name
    this.#canary = canary
  }

  /** Within a second; many calls are one write. */
  raiseCanary(): void {
    if (this.#stopped) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.writeCanary()
    }, CANARY_EVERY_MS)
    ;(this.#timer as { unref?: () => void }).unref?.()
  }

  async writeCanary(): Promise<void> {
    try {
      await writeCanary(this.#homes, this.#name, this.#canary())
    } catch {
      // A second home that fails is no reason to stop: the canary stays the lower bound it was.
    }
  }

  /** The canaries of all homes, those nobody can vouch for included. */
  readCanaries(): Promise<readonly Canary[]> {
    return readCanaries(this.#homes, this.#name)
  }

  /** How much lies in the second homes. */
  async seen(): Promise<SecondCopiesSeen> {
    const canaries = await this.readCanaries()
    const headers = await readHeaderMirrors(this.#homes, this.#name)
    return {
      canaries: canaries.length,
      canaryBytes: canaries.reduce((bytes, canary) => bytes + JSON.stringify(canary).length, 0),
      headers: headers.length,
      // As base64.
      headerBytes: headers.reduce((bytes, header) => bytes + 4 * Math.ceil(header.length / 3), 0),
    }
  }

  /** Raises no canary by itself any more. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  /** Copies a header to the slot of its revision; the copy of the revision before stays. */
  async writeHeader(revision: number, row: SealedBytes): Promise<void> {
    await writeHeaderMirror(this.#homes, this.#name, revision, row)
  }

  async removeHeader(revision: number): Promise<void> {
    await removeHeaderMirror(this.#homes, this.#name, revision)
  }

  /** Copies the header as it is stored now. `alone`: no copy of another one is left, which may know keys that are gone. */
  async writeStoredHeader(backend: Backend, options: { readonly alone?: boolean } = {}): Promise<void> {
    try {
      const [row] = await backend.read([{ kind: 'get', store: 'header', key: 'header' }])
      if (row === undefined) return
      const { revision } = decodeHeader(row).header
      await this.writeHeader(revision, row)
      if (options.alone === true) await this.removeHeader(revision - 1)
    } catch {
      // A copy is best effort; the next unlock writes it again.
    }
  }
}
