// Parts of the library that are fetched when they are first needed.

import { VaultError } from '../errors.js'

/** @throws {VaultError} `storage-unavailable` with reason `not-loaded` when the part could not be fetched; the next call tries again */
export async function fetchPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    throw new VaultError('storage-unavailable', 'a part of the app could not be loaded; check the connection or reload the page', { where: 'code', reason: 'not-loaded' }, cause)
  }
}
