// An authenticator in memory: keys of its own, and for each a function of salts that nobody else can compute. Says no when told to.

import { createHmac, randomBytes } from 'node:crypto'
import type { Bytes } from '../../src/brand.js'
import { VaultError } from '../../src/errors.js'
import type { PasskeyName, Passkeys } from '../../src/vault/core/slot-openers.js'

export class Authenticator {
  readonly #secrets = new Map<string, Buffer>()
  readonly #sites = new Map<string, string>()
  /** How often its user was asked. */
  asked = 0
  /** What its user answers; a key of the name `declines` is none. */
  declines = false
  /** The site of the page it is asked by. */
  site = 'localhost'
  readonly passkeys: Passkeys

  /** One that has a key already. */
  static of(credentialId: Bytes, secret: Bytes): Authenticator {
    const made = new Authenticator()
    made.#secrets.set(Buffer.from(credentialId).toString('hex'), Buffer.from(secret))
    return made
  }

  constructor() {
    const nameOf = (id: Uint8Array): string => Buffer.from(id).toString('hex')
    const answer = (id: Uint8Array, salt: Uint8Array): Bytes => new Uint8Array(createHmac('sha256', this.#secrets.get(nameOf(id))!).update(salt).digest())
    const ask = (signal: AbortSignal | undefined): void => {
      signal?.throwIfAborted()
      this.asked++
      if (this.declines) throw new VaultError('invalid-value', 'declined', { where: 'passkey', reason: 'declined' })
    }
    this.passkeys = {
      create: async ({ salt, exclude, signal }) => {
        ask(signal)
        if (exclude.some(({ credentialId }: PasskeyName) => this.#sites.get(nameOf(credentialId)) === this.site)) throw new VaultError('conflict', 'known', { where: 'passkey', reason: 'known' })
        const credentialId = new Uint8Array(randomBytes(16))
        this.#secrets.set(nameOf(credentialId), randomBytes(32))
        this.#sites.set(nameOf(credentialId), this.site)
        return { credentialId, transports: ['internal'], rpId: this.site, answer: answer(credentialId, salt) }
      },
      serves: (rpId) => rpId === this.site,
      get: async ({ rpId, keys, signal }) => {
        ask(signal)
        if (rpId !== this.site) throw new VaultError('crypto-unavailable', 'another site', { where: 'passkey' })
        const known = keys.find(({ credentialId }) => this.#secrets.has(nameOf(credentialId)))
        if (known === undefined) throw new VaultError('invalid-value', 'no key fits', { where: 'passkey', reason: 'declined' })
        return { credentialId: known.credentialId, answer: answer(known.credentialId, known.salt) }
      },
    }
  }
}
