// A second home in memory, for tests and for places that have no other.

import type { SecondHome } from './second-home.js'

/** A second home over a map, which a test may look into, share between tabs, or take values from. */
export function memoryHome(values: Map<string, string> = new Map()): SecondHome {
  return {
    kind: 'memory',
    silent: false,
    read: async (key) => values.get(key),
    write: async (key, value) => {
      values.set(key, value)
      return true
    },
    remove: async (key) => void values.delete(key),
    keys: async (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)).sort(),
  }
}
