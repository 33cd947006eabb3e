// The sets of keys there are, how old they are and how much they have been used.

import type { AuditedEpoch } from 'sealed-vault'
import { formatAgo, formatDay, formatNumber } from '../format.js'
import { inStateWords, inUseWords, MOST_SEALS } from './audit-words.js'

export function AuditedKeys({ epochs }: { readonly epochs: readonly AuditedEpoch[] }) {
  return (
    <table class="audited" id="audit-keys">
      <caption>{`A key may seal ${formatNumber(MOST_SEALS)} times; the most used one of each set is shown, as far as it has been counted.`}</caption>
      <thead>
        <tr>
          <th scope="col">Set of keys</th>
          <th scope="col">Made</th>
          <th scope="col" class="number">
            Rows sealed
          </th>
          <th scope="col" class="number">
            Used
          </th>
        </tr>
      </thead>
      <tbody>
        {epochs.map(({ id, state, madeAt, rows, seals }) => (
          <tr key={id} data-state={state}>
            <th scope="row">
              {`No. ${id}, ${inStateWords(state)}`}
            </th>
            <td>{madeAt === undefined ? 'not noted' : `${formatDay(madeAt)} (${formatAgo(Date.now() - madeAt)})`}</td>
            <td class="number">{formatNumber(rows)}</td>
            <td class="number">
              {formatNumber(seals)}
              <p class="note">{inUseWords(seals)}</p>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
