// What is said of new keys.

import type { RotationReport, RotationStatus } from 'sealed-vault'
import { formatAgo, formatCount, formatDay, formatNumber } from '../format.js'

export function describeAge(keysMadeAt: number | undefined, now: number): string {
  if (keysMadeAt === undefined) return 'When the keys of this vault were made is not known: it is older than the note of that.'
  return `The keys of this vault were made on ${formatDay(keysMadeAt)} (${formatAgo(now - keysMadeAt)}).`
}

export function describeState({ state, done, total }: RotationStatus): string {
  switch (state) {
    case 'running':
      return done < total ? 'Sealing everything anew. You can go on as usual.' : 'Looking whether anything was left out…'
    case 'paused':
      return 'Paused. What is done stays done.'
    case 'pending':
      return 'New keys are being made in another tab. If that tab is gone, this one can go on in its place.'
    case 'none':
      return ''
  }
}

export function describeProgress({ done, total }: RotationStatus): string {
  return `${formatNumber(done)} of ${formatCount(total, 'row')} sealed anew`
}

export function describeReport({ rows, skipped, keepsOldKeys }: RotationReport): string {
  // What another tab, or this one before it was loaded again, had done is not counted.
  const done = rows === 0 ? 'Everything is sealed with the new keys.' : `Everything is sealed with the new keys, ${formatCount(rows, 'row')} of it just now.`
  if (skipped.length === 0) return keepsOldKeys ? `${done} Old keys are kept for damaged rows that were set aside earlier.` : `${done} The old keys are gone.`
  return `Everything that can be read is sealed with the new keys. ${formatCount(skipped.length, 'row is', 'rows are')} damaged and ${skipped.length === 1 ? 'was' : 'were'} left out: ${whereOf(skipped)}.`
}

function whereOf(skipped: RotationReport['skipped']): string {
  const chats = new Set(skipped.flatMap(({ chatLogId }) => (chatLogId === undefined ? [] : [chatLogId]))).size
  const others = skipped.filter(({ chatLogId }) => chatLogId === undefined).length
  return [...(chats > 0 ? [`in ${formatCount(chats, 'conversation')}`] : []), ...(others > 0 ? [`${formatNumber(others)} that belong to no conversation that is known`] : [])].join(', ')
}

export const KEPT_KEYS = 'Old keys are kept for rows that are damaged and do not open, in case a backup or a repair can still save them. As long as they are kept, whoever has an old copy of the vault has those keys, too.'
export const DISCARDS = 'The damaged rows are given up for good and the old keys are thrown away. What was in those rows cannot be read now; after this it never can. For that, new keys are made once more.'
