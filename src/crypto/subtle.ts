// The one door to the platform's WebCrypto. Everything asynchronous in this folder goes through it.

import { VaultError } from '../errors.js'

/**
 * The platform's SubtleCrypto, looked up at each call so that a page may be made secure, or a test blind, in between.
 * @throws {VaultError} `crypto-unavailable` in an insecure context (plain http) and where WebCrypto is missing
 */
export function subtle(): SubtleCrypto {
  const found = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined
  if (found === undefined) {
    throw new VaultError('crypto-unavailable', 'WebCrypto is missing: the page must be served over https or from localhost')
  }
  return found
}
