// A backup was written: what is in it, and the advice to look whether it can be read.

import type { ArchiveReport } from 'sealed-vault'
import { formatBytes, formatCount } from '../format.js'
import { FocusedHeading } from './focused-heading.js'
import type { SavedFile } from './save-file.js'

interface SavedBackupProps {
  readonly saved: SavedFile
  readonly report: ArchiveReport
  readonly onVerify: (file: File | undefined) => void
  readonly onBack: () => void
}

export function SavedBackup({ saved, report, onVerify, onBack }: SavedBackupProps) {
  const { counts, bytes, missing } = report
  return (
    <>
      <FocusedHeading>The backup is made</FocusedHeading>
      <p id="backup-made" role="status">
        {`${saved.name} (${formatBytes(bytes)}) holds ${formatCount(counts.sessions, 'conversation')} with ${formatCount(counts.messages, 'message')}.`}
      </p>
      {missing.length > 0 && <p role="alert">{`${formatCount(missing.length, 'damaged part')} of the vault could not be read and is not in it. Keep older backups as well.`}</p>}
      {saved.link !== undefined && (
        <p>
          It is among your downloads. If it is not,{' '}
          <a href={saved.link} download={saved.name}>
            download it once more
          </a>
          .
        </p>
      )}
      <p>Put a copy where the computer can be lost without it: on a stick, another computer or a cloud drive. And see now whether it opens: a backup that nobody has tried is a hope.</p>
      <div class="actions">
        <button type="button" class="primary" onClick={() => onVerify(saved.file)}>
          Verify it now
        </button>
        <button type="button" onClick={onBack}>
          Done
        </button>
      </div>
    </>
  )
}
