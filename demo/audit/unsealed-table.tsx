// Every kind of bytes that is not sealed: what it is and why, where it lies, how much it is.

import { formatNumber } from '../format.js'
import { inStoreWords, inUnsealedWords } from './audit-words.js'
import { sumBytes, type UnsealedKind } from './unsealed-kinds.js'

export function UnsealedTable({ kinds }: { readonly kinds: readonly UnsealedKind[] }) {
  return (
    <table class="audited" id="audit-unsealed">
      <caption>{`Everybody who gets at the storage can read these. ${kinds.every(({ isExpected }) => isExpected) ? 'None' : 'But for what is marked, none'} of it is of your conversations.`}</caption>
      <thead>
        <tr>
          <th scope="col">What, and why it is not sealed</th>
          <th scope="col">Where</th>
          <th scope="col" class="number">
            Bytes
          </th>
        </tr>
      </thead>
      <tbody>
        {kinds.map((kind) => {
          const { what, why, isPlain } = inUnsealedWords(kind)
          return (
            <tr key={`${kind.what} ${kind.isExpected}`} data-alarm={kind.isExpected ? undefined : true} data-plain={isPlain}>
              <th scope="row">
                {!kind.isExpected && <strong class="alarm">Alarm: </strong>}
                {what}
                <p class="note">{why}</p>
              </th>
              <td>{kind.where.map(inStoreWords).join(', ')}</td>
              <td class="number">{formatNumber(kind.bytes)}</td>
            </tr>
          )
        })}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colSpan={2}>
            In all
          </th>
          <td class="number">{formatNumber(sumBytes(kinds))}</td>
        </tr>
      </tfoot>
    </table>
  )
}
