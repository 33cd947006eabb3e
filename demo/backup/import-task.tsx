// A backup is taken over into the vault that is open: first what would change, then the change, then what came of it.

import type { ArchiveContents, ImportReport, MergeReport, UnlockedVault } from 'sealed-vault'
import { useLayoutEffect, useState } from 'preact/hooks'
import { ArchiveSecret, OtherSecret } from './archive-secret.js'
import { ConflictDialog } from './conflict-dialog.js'
import { FileChoice } from './file-choice.js'
import { inArchiveWords, inPlainWords } from './file-words.js'
import { FocusedHeading } from './focused-heading.js'
import { FIRST_CHOICES, ImportOptions, type ImportChoices } from './import-options.js'
import { ImportPreview } from './import-preview.js'
import { ImportReportView } from './import-report.js'
import { PlainImportForm } from './plain-import-form.js'
import { TaskPane } from './task-pane.js'
import { useArchiveFile } from './use-archive-file.js'
import { useConflicts } from './use-conflicts.js'
import { useWork, type Ended } from './use-work.js'
import { WorkStatus } from './work-status.js'

type Phase = { readonly is: 'choosing' } | { readonly is: 'preview'; readonly report: ImportReport } | { readonly is: 'importing' } | { readonly is: 'done'; readonly report: MergeReport & { readonly archive?: ArchiveContents } }

interface ImportTaskProps {
  readonly vault: UnlockedVault
  readonly onBack: () => void
}

export function ImportTask({ vault, onBack }: ImportTaskProps) {
  const archive = useArchiveFile(true)
  const [phase, setPhase] = useState<Phase>({ is: 'choosing' })
  const [choices, setChoices] = useState(FIRST_CHOICES)
  const [problem, setProblem] = useState('')
  const work = useWork(() => vault.noteUse())
  const { question, asking } = useConflicts()

  // What had the focus has gone with what was shown before.
  useLayoutEffect(() => {
    if (phase.is === 'choosing') (archive.passwordField.current ?? archive.codeField.current)?.focus()
  }, [phase.is])

  function choose(file: File): void {
    setProblem('')
    void archive.choose(file)
  }

  /** Back to where it was begun, with the reason. */
  function stop({ is, error, hasBegun }: Exclude<Ended<unknown>, { readonly is: 'done' }>): void {
    const why = is === 'cancelled' ? 'Cancelled.' : archive.isPlain ? inPlainWords(error) : inArchiveWords(error, archive.kind)
    setProblem(`${why} ${hasBegun ? 'A part of the file may be here already, and stays. Restore from the same file again to bring the rest.' : 'Nothing was changed.'}`)
    setPhase({ is: 'choosing' })
  }

  async function look(chosen: ImportChoices): Promise<void> {
    setProblem('')
    const onConflict = withoutQuestions(chosen)
    const ended = await work.run((options) => vault.inspectArchive(archive.file!, { ...archive.secrets, onConflict, restoreDeleted: chosen.restoreDeleted, ...options }))
    if (ended === undefined) return
    if (ended.is === 'done') setPhase({ is: 'preview', report: ended.value })
    else stop(ended)
  }

  function chooseOther(next: ImportChoices): void {
    setChoices(next)
    const isSame = withoutQuestions(next) === withoutQuestions(choices) && next.restoreDeleted === choices.restoreDeleted
    if (phase.is === 'preview' && !isSame) void look(next)
  }

  async function bring(): Promise<void> {
    setProblem('')
    setPhase({ is: 'importing' })
    const ended = await work.run<MergeReport & { readonly archive?: ArchiveContents }>((options) => {
      const merge = { ...options, restoreDeleted: choices.restoreDeleted, onConflict: choices.policy === 'ask' ? asking(options.signal) : choices.policy }
      return archive.isPlain ? vault.importJson(archive.file!, merge) : vault.importArchive(archive.file!, { ...archive.secrets, ...merge })
    })
    if (ended === undefined) return
    if (ended.is === 'done') setPhase({ is: 'done', report: ended.value })
    else stop(ended)
  }

  const status = <WorkStatus work={work} opening={archive.isPlain ? 'Reading the file…' : 'Opening the file; this takes a moment on purpose…'} />
  return (
    <TaskPane title="Restore from a backup" onBack={onBack}>
      {phase.is === 'choosing' && (
        <>
          <p>{`Brings what is in a backup into this vault, beside what is here.${archive.isPlain ? '' : ' You see what would change before anything does.'}`}</p>
          <FileChoice label="The backup (.svault), or a file of “Export for other programs” (.json)" file={archive.file} disabled={work.isBusy} onChoose={choose} />
          {archive.isPlain && <PlainImportForm choices={choices} disabled={work.isBusy} onChoose={chooseOther} onImport={() => void bring()} />}
          {archive.kinds.length > 0 && (
            <form
              autocomplete="off"
              onSubmit={(event) => {
                event.preventDefault()
                void look(choices)
              }}
            >
              <fieldset disabled={work.isBusy}>
                <ArchiveSecret archive={archive} />
                <div class="actions">
                  <button>Show what would change</button>
                  <OtherSecret archive={archive} />
                </div>
              </fieldset>
            </form>
          )}
          {status}
        </>
      )}
      {phase.is === 'preview' && (
        <>
          <ImportPreview report={phase.report} choices={choices} />
          <ImportOptions choices={choices} onChoose={chooseOther} />
          {status}
          <div class="actions">
            <button type="button" class="primary" disabled={work.isBusy} onClick={() => void bring()}>
              Restore
            </button>
            <button type="button" class="quiet" disabled={work.isBusy} onClick={() => setPhase({ is: 'choosing' })}>
              Choose another file
            </button>
          </div>
        </>
      )}
      {phase.is === 'importing' && (
        <>
          <FocusedHeading>Restoring</FocusedHeading>
          {status}
          {question !== undefined && <ConflictDialog key={question.number} vault={vault} question={question} onStop={work.cancel} />}
        </>
      )}
      {phase.is === 'done' && <ImportReportView vault={vault} report={phase.report} onBack={onBack} />}
      <p id="import-problem" class="note" role="alert">
        {archive.problem === '' ? problem : archive.problem}
      </p>
    </TaskPane>
  )
}

/** To look ahead nobody is asked. */
function withoutQuestions({ policy }: ImportChoices): Exclude<ImportChoices['policy'], 'ask'> {
  return policy === 'ask' ? 'keep-newer' : policy
}
