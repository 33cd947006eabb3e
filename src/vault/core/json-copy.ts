// Copies of JSON values: what an app hands in must not change under the vault, what it gets must not change the vault.

/** Where a value is that JSON cannot hold, and why. */
export class UnstorableValue extends Error {
  readonly path: (string | number)[] = []
  readonly reason: 'not-json' | 'too-deep' | 'too-large'

  constructor(reason: UnstorableValue['reason']) {
    super(reason)
    this.reason = reason
  }
}

const MAX_NESTING = 128
/** Values in one copy. Shared references are copied each time they are met, so a small object can stand for a huge text. */
const MAX_VALUES = 2_000_000

/**
 * A deep copy of anything JSON can hold, exactly: own `__proto__` keys and ill-formed strings included, -0 as the 0 that JSON knows.
 * Properties that are undefined are left out, as JSON does.
 * @throws {UnstorableValue} for functions, symbols, NaN, dates, class instances, holes, cycles and excess
 */
export function copyJson<T>(value: T): T {
  const budget = { left: MAX_VALUES }
  return copy(value, 0, budget) as T
}

function copy(value: unknown, depth: number, budget: { left: number }): unknown {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new UnstorableValue('not-json')
    return value === 0 ? 0 : value
  }
  if (typeof value !== 'object') throw new UnstorableValue('not-json')
  if (depth >= MAX_NESTING) throw new UnstorableValue('too-deep')
  if (Array.isArray(value)) return copyArray(value, depth, budget)
  if (!isPlainObject(value)) throw new UnstorableValue('not-json')
  const made: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const item = value[key]
    if (item === undefined) continue
    spend(budget)
    const copied = within(key, () => copy(item, depth + 1, budget))
    // Assigning to `__proto__` would set the prototype; defining makes it a key like any other.
    if (key === '__proto__') Object.defineProperty(made, key, { value: copied, enumerable: true, configurable: true, writable: true })
    else made[key] = copied
  }
  return made
}

function copyArray(values: readonly unknown[], depth: number, budget: { left: number }): unknown[] {
  const made = new Array<unknown>(values.length)
  for (let index = 0; index < values.length; index++) {
    spend(budget)
    made[index] = within(index, () => copy(values[index], depth + 1, budget))
  }
  return made
}

function spend(budget: { left: number }): void {
  if (budget.left-- === 0) throw new UnstorableValue('too-large')
}

/** Names the way to what was refused, on the way back. */
function within<T>(key: string | number, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof UnstorableValue && error.reason === 'not-json') error.path.unshift(key)
    throw error
  }
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.getOwnPropertySymbols(value).length > 0) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Objects of other realms (frames, test runners) have another Object.prototype, but its own is null all the same.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
