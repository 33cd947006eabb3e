// The same kind of bytes lies in many stores: it is told once.

import type { UnsealedBytes } from 'sealed-vault'

export interface UnsealedKind {
  readonly what: string
  readonly why: string
  readonly where: readonly string[]
  readonly bytes: number
  readonly isExpected: boolean
}

/** What is not as it should be comes first, then the most. */
export function unsealedKinds(unsealed: readonly UnsealedBytes[]): readonly UnsealedKind[] {
  const kinds = new Map<string, UnsealedKind>()
  for (const { where, what, why, bytes, isExpected } of unsealed) {
    const name = JSON.stringify([what, why, isExpected])
    const before = kinds.get(name)
    kinds.set(name, { what, why, isExpected, where: [...(before?.where ?? []), where], bytes: (before?.bytes ?? 0) + bytes })
  }
  return [...kinds.values()].sort((a, b) => Number(a.isExpected) - Number(b.isExpected) || b.bytes - a.bytes)
}

export function sumBytes(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** What there is to worry about, in one sentence; nothing where all is as it should be. */
export function describeAlarms(unsealed: readonly UnsealedBytes[]): string {
  const unexpected = unsealed.filter(({ isExpected }) => !isExpected)
  const rows = unexpected.reduce((sum, kind) => sum + kind.rows, 0)
  if (unexpected.length === 0) return ''
  return `Something is there that should not be: ${rows === 1 ? 'one row' : `${rows} rows`} in ${unexpected.length === 1 ? 'one place' : `${unexpected.length} places`}, marked below. “Check the vault” says whether anything of the conversations is damaged.`
}
