// How much is sealed, by what it holds.

import type { AuditReport } from 'sealed-vault'
import { formatNumber } from '../format.js'
import { inStoreWords } from './audit-words.js'
import { sumBytes } from './unsealed-kinds.js'

export function SealedTable({ sealed }: { readonly sealed: AuditReport['sealed'] }) {
  return (
    <table class="audited" id="audit-sealed">
      <caption>Nobody reads these without one of the ways in. Lengths are rounded up, so that they say little.</caption>
      <thead>
        <tr>
          <th scope="col">What it holds</th>
          <th scope="col" class="number">
            Rows
          </th>
          <th scope="col" class="number">
            Bytes
          </th>
        </tr>
      </thead>
      <tbody>
        {sealed
          .filter(({ rows }) => rows > 0)
          .map(({ where, rows, bytes }) => (
            <tr key={where} data-store={where}>
              <th scope="row">{inStoreWords(where)}</th>
              <td class="number">{formatNumber(rows)}</td>
              <td class="number">{formatNumber(bytes)}</td>
            </tr>
          ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">In all</th>
          <td class="number">{formatNumber(sealed.reduce((sum, { rows }) => sum + rows, 0))}</td>
          <td class="number">{formatNumber(sumBytes(sealed))}</td>
        </tr>
      </tfoot>
    </table>
  )
}
