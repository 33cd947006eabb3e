// What came of an import.

import type { ArchiveContents, MergeReport, UnlockedVault } from 'sealed-vault'
import { limitsOf } from './archive-words.js'
import { ConflictList } from './conflict-list.js'
import { FocusedHeading } from './focused-heading.js'
import { changesNothing, MergeTable } from './merge-table.js'

interface ImportReportViewProps {
  readonly vault: UnlockedVault
  /** Of a file that nothing seals it does not say where it comes from. */
  readonly report: MergeReport & { readonly archive?: ArchiveContents }
  readonly onBack: () => void
}

export function ImportReportView({ vault, report, onBack }: ImportReportViewProps) {
  const { counts, entries, archive } = report
  const limits = archive === undefined ? [] : limitsOf(archive)
  return (
    <>
      <FocusedHeading>{changesNothing(counts) ? 'Nothing had to be changed' : 'The backup is restored'}</FocusedHeading>
      <p id="import-done" class="result" role="status">
        {[changesNothing(counts) ? 'What is in the file was here already, or was deleted or changed here later.' : 'What the file holds is here now, beside what was here before.', ...limits].join(' ')}
      </p>
      <MergeTable counts={counts} caption="What happened:" />
      <ConflictList vault={vault} entries={entries} />
      <div class="actions">
        <button type="button" class="primary" onClick={onBack}>
          Done
        </button>
      </div>
    </>
  )
}
