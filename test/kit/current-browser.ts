// The browser that the public functions of the package find, where a test puts its own in the place of the real one. Imports nothing, for it is looked at while modules are put in place.

import type { VaultEnvironment } from '../../src/vault/environment.js'

export const current: { environment?: VaultEnvironment } = {}

export function currentEnvironment(): VaultEnvironment {
  if (current.environment === undefined) throw new Error('no browser was set for this test')
  return current.environment
}
