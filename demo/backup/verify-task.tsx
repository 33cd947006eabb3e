// A backup is read to its last byte, as it would be when it is needed. The file itself is handed over, so its size takes no memory.

import { verifyArchive, type UnlockedVault } from 'sealed-vault'
import { useEffect, useRef, useState } from 'preact/hooks'
import { formatCount } from '../format.js'
import { ArchiveSecret, OtherSecret } from './archive-secret.js'
import { describeContents, limitsOf } from './archive-words.js'
import { FileChoice } from './file-choice.js'
import { inArchiveWords } from './file-words.js'
import { TaskPane } from './task-pane.js'
import { useArchiveFile } from './use-archive-file.js'

interface VerifyTaskProps {
  readonly vault: UnlockedVault
  /** The backup to begin with. */
  readonly file: File | undefined
  readonly onBack: () => void
}

export function VerifyTask({ vault, file: given, onBack }: VerifyTaskProps) {
  const archive = useArchiveFile()
  const [records, setRecords] = useState<number>()
  const [result, setResult] = useState('')
  const [problem, setProblem] = useState('')
  const left = useRef(new AbortController())
  useEffect(() => {
    if (given !== undefined) choose(given)
    return () => left.current.abort()
  }, [])

  function choose(next: File): void {
    setResult('')
    setProblem('')
    void archive.choose(next)
  }

  async function verify(event: Event): Promise<void> {
    event.preventDefault()
    const { signal } = (left.current = new AbortController())
    setRecords(0)
    setResult('')
    setProblem('')
    const onProgress = ({ done }: { readonly done: number }): void => {
      vault.noteUse()
      setRecords(done)
    }
    try {
      const contents = await verifyArchive(archive.file!, { ...archive.secrets, signal, onProgress })
      setResult([`Verified: ${describeContents(contents)}`, ...limitsOf(contents)].join(' '))
    } catch (error) {
      if (signal.aborted) setResult('Cancelled. Nothing is known of the file yet.')
      else setProblem(inArchiveWords(error, archive.kind))
    }
    setRecords(undefined)
  }

  const busy = records !== undefined
  return (
    <TaskPane title="Verify a backup" onBack={onBack}>
      <p>Opens a backup and reads it to its last byte. Nothing in the vault is changed.</p>
      <FileChoice label="The backup, a file whose name ends in .svault" file={archive.file} disabled={busy} onChoose={choose} />
      {archive.kinds.length > 0 && (
        <form autocomplete="off" onSubmit={(event) => void verify(event)}>
          <fieldset disabled={busy}>
            <ArchiveSecret archive={archive} />
            <div class="actions">
              <button>Verify</button>
              <OtherSecret archive={archive} />
            </div>
          </fieldset>
        </form>
      )}
      {busy && (
        <div class="progress">
          <progress aria-label="The file is being read" />
          <button type="button" onClick={() => left.current.abort()}>
            Cancel
          </button>
        </div>
      )}
      <p id="verify-status" class={result === '' ? 'note' : 'result'} role="status">
        {busy ? (records === 0 ? 'Opening the file; this takes a moment on purpose…' : `${formatCount(records, 'record')} read so far`) : result}
      </p>
      <p id="verify-problem" class="note" role="alert">
        {archive.problem === '' ? problem : archive.problem}
      </p>
    </TaskPane>
  )
}
