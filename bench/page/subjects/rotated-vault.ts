// The vault in `rotate`, through its public face only.

import { openVault, type UnlockedVault } from 'sealed-vault'
import type { Conversation } from '../corpus.ts'
import type { RotateSubject } from './rotate-subject.ts'
import { SealedVault } from './sealed-vault.ts'

export class RotatedVault implements RotateSubject {
  readonly #building = new SealedVault(true)
  #open: UnlockedVault | undefined
  #recoveryCode = ''

  get #vault(): UnlockedVault {
    if (this.#open === undefined) throw new Error('the vault is not open')
    return this.#open
  }

  async build(conversations: readonly Conversation[]): Promise<void> {
    await this.#building.open()
    await this.#building.load(conversations)
    await this.#building.settle()
    await this.#building.close()
  }

  async reopen(): Promise<void> {
    const vault = await openVault({ name: this.#building.name })
    if (vault.state !== 'locked') throw new Error(`the vault that was built is ${vault.state}`)
    this.#open = await vault.unlock(this.#building.password)
    // Not the password: no row shall count a derivation.
    this.#recoveryCode = await this.#vault.createRecoveryCode(this.#building.password)
    await this.#vault.checkpoint()
  }

  async rotate(): Promise<number> {
    const start = performance.now()
    const { skipped, keepsOldKeys } = await this.#vault.rotateKeys({ recoveryCode: this.#recoveryCode })
    const ms = performance.now() - start
    if (skipped.length > 0 || keepsOldKeys) throw new Error(`the rotation skipped ${skipped.length} rows`)
    return ms
  }

  /** Of the JSON of everything, without its first bytes: they tell the time. */
  async digest(): Promise<string> {
    let [a, b, bytes] = [1, 0, 0]
    const reader = (await this.#vault.exportJson({ unprotected: true })).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return `${bytes}/${a}/${b}`
      for (const byte of value) {
        if (++bytes <= 100) continue
        a = (a + byte) % 4_294_967_291
        b = (b + a) % 4_294_967_291
      }
    }
  }

  async check(): Promise<void> {
    const { ok, problems } = await this.#vault.check()
    if (!ok) throw new Error(`the vault has problems: ${JSON.stringify(problems.slice(0, 3))}`)
  }

  async close(): Promise<void> {
    await this.#open?.lock()
  }
}
