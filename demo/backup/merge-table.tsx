// What an import does, or did, in numbers.

import type { MergeCounts, MergeReport } from 'sealed-vault'
import { formatNumber } from '../format.js'

const COLUMNS = [
  ['added', 'New'],
  ['changed', 'Changed'],
  ['deleted', 'Deleted'],
  ['conflicted', 'Changed on both sides'],
  ['skipped', 'Left as they are'],
] as const satisfies readonly (readonly [keyof MergeCounts, string])[]

const KINDS = [
  ['sessions', 'Conversations'],
  ['messages', 'Messages'],
  ['brains', 'Memories of the assistant'],
  ['preferences', 'Settings'],
] as const satisfies readonly (readonly [keyof MergeReport['counts'], string])[]

export function MergeTable({ counts, caption }: { readonly counts: MergeReport['counts']; readonly caption: string }) {
  return (
    <>
      <table class="merge">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <td />
            {COLUMNS.map(([name, words]) => (
              <th key={name} scope="col">
                {words}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {KINDS.map(([kind, words]) => (
            <tr key={kind} data-kind={kind}>
              <th scope="row">{words}</th>
              {COLUMNS.map(([name]) => (
                <td key={name} data-column={name} class={counts[kind][name] === 0 ? 'none' : undefined}>
                  {formatNumber(counts[kind][name])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {countConflicts(counts) > 0 && <p class="note">What was changed on both sides is counted in another column, too.</p>}
    </>
  )
}

export function countConflicts(counts: MergeReport['counts']): number {
  return Object.values(counts).reduce((sum, { conflicted }) => sum + conflicted, 0)
}

/** Whether the vault would be, or is, as it was before. */
export function changesNothing(counts: MergeReport['counts']): boolean {
  return Object.values(counts).every(({ added, changed, deleted }) => added + changed + deleted === 0)
}
