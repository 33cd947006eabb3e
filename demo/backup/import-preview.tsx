// What would change, before anything does.

import type { ImportReport } from 'sealed-vault'
import { FocusedHeading } from './focused-heading.js'
import { describeContents, describeSpan, limitsOf } from './archive-words.js'
import type { ImportChoices } from './import-options.js'
import { changesNothing, countConflicts, MergeTable } from './merge-table.js'

export function ImportPreview({ report, choices }: { readonly report: ImportReport; readonly choices: ImportChoices }) {
  const { archive, counts } = report
  const span = describeSpan(archive)
  return (
    <>
      <FocusedHeading>What would change here</FocusedHeading>
      <p id="import-archive">{[`The backup: ${describeContents(archive)}`, ...(span === undefined ? [] : [span]), ...limitsOf(archive)].join(' ')}</p>
      <MergeTable counts={counts} caption="Nothing is changed yet. So many would be:" />
      <p id="import-note" class="note" role="status">
        {noteOn(report, choices)}
      </p>
    </>
  )
}

function noteOn({ counts }: ImportReport, { policy, restoreDeleted }: ImportChoices): string {
  if (policy === 'ask' && countConflicts(counts) > 0) return 'These are the numbers if the newer one is kept each time.'
  if (!changesNothing(counts)) return ''
  return restoreDeleted ? 'Nothing would change: everything in this backup is here already.' : 'Nothing would change: what is in this backup is here already, or was deleted or changed here later.'
}
