// The few assertions of the contract suite, so that it runs under any test runner.

function show(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) => (part instanceof Uint8Array ? `bytes(${part.length}) ${part.slice(0, 20).join(',')}` : part))
  return (text ?? String(value)).slice(0, 300)
}

/** Deep equality of what stores give back: bytes by content, arrays and plain objects by members. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    if (!(a instanceof Uint8Array && b instanceof Uint8Array) || a.length !== b.length) return false
    return a.every((byte, i) => byte === b[i])
  }
  const keys = Object.keys(a)
  if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(b).length) return false
  return keys.every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
}

/** @throws {Error} when the two differ. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (!same(actual, expected)) throw new Error(`${what}: got ${show(actual)}, expected ${show(expected)}`)
}

/** @throws {Error} when the condition does not hold. */
export function ok(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}

/** The error a promise rejects with. @throws {Error} when it resolves. */
export async function rejection(promise: Promise<unknown>, what: string): Promise<{ name?: string; code?: string; details?: { reason?: string } }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error(`${what}: resolved, expected a rejection`)
}
