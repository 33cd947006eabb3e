// A backup is read to its last byte, as it would be when it is needed. The file itself is handed over, so its size takes no memory.

import { inspectArchive, verifyArchive, type ArchiveContents, type UnlockedVault } from 'sealed-vault'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { CodeField } from '../code-field.js'
import { formatCount, formatTime } from '../format.js'
import { PasswordField } from '../password-field.js'
import type { SecretKind } from '../words.js'
import { FileChoice } from './file-choice.js'
import { inArchiveWords } from './file-words.js'
import { TaskPane } from './task-pane.js'

interface VerifyTaskProps {
  readonly vault: UnlockedVault
  /** The backup to begin with. */
  readonly file: File | undefined
  readonly onBack: () => void
}

export function VerifyTask({ vault, file: given, onBack }: VerifyTaskProps) {
  const [file, setFile] = useState<File>()
  const [kinds, setKinds] = useState<readonly SecretKind[]>([])
  const [kind, setKind] = useState<SecretKind>('password')
  const [secret, setSecret] = useState('')
  const [records, setRecords] = useState<number>()
  const [result, setResult] = useState('')
  const [problem, setProblem] = useState('')
  const newest = useRef<File>(undefined)
  const left = useRef(new AbortController())
  const passwordField = useRef<HTMLInputElement>(null)
  const codeField = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    if (given !== undefined) void choose(given)
    return () => left.current.abort()
  }, [])
  useLayoutEffect(() => (kind === 'password' ? passwordField : codeField).current?.focus(), [file, kind, kinds])

  /** What opens it is in the open, so only that is asked for, and what is no backup is told at once. */
  async function choose(next: File): Promise<void> {
    setResult('')
    setProblem('')
    setSecret('')
    setFile((newest.current = next))
    setKinds([])
    try {
      const { slots } = await inspectArchive(next)
      if (newest.current !== next) return
      const found = (['password', 'code'] as const).filter((each) => slots.some((slot) => slot.kind === (each === 'code' ? 'recovery' : 'password')))
      setKinds(found)
      setKind(found[0] ?? 'password')
      if (found.length === 0) setProblem('This file opens with something that this version of the page does not know.')
    } catch (error) {
      if (newest.current === next) setProblem(inArchiveWords(error, 'password'))
    }
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
      setResult(describe(await verifyArchive(file!, { ...(kind === 'password' ? { password: secret } : { recoveryCode: secret }), signal, onProgress })))
    } catch (error) {
      if (signal.aborted) setResult('Cancelled. Nothing is known of the file yet.')
      else setProblem(inArchiveWords(error, kind))
    }
    setRecords(undefined)
  }

  const busy = records !== undefined
  return (
    <TaskPane title="Verify a backup" onBack={onBack}>
      <p>Opens a backup and reads it to its last byte. Nothing in the vault is changed.</p>
      <FileChoice label="The backup, a file whose name ends in .svault" file={file} disabled={busy} onChoose={(next) => void choose(next)} />
      {kinds.length > 0 && (
        <form autocomplete="off" onSubmit={(event) => void verify(event)}>
          <fieldset disabled={busy}>
            {kind === 'password' ? (
              <PasswordField label="Password of the file" value={secret} onInput={setSecret} field={passwordField} />
            ) : (
              <CodeField label="Recovery code of the file" value={secret} onInput={setSecret} field={codeField} />
            )}
            <div class="actions">
              <button>Verify</button>
              {kinds.length > 1 && (
                <button
                  type="button"
                  class="quiet"
                  onClick={() => {
                    setKind(kind === 'password' ? 'code' : 'password')
                    setSecret('')
                  }}
                >
                  {kind === 'password' ? 'Use its recovery code' : 'Use its password'}
                </button>
              )}
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
        {problem}
      </p>
    </TaskPane>
  )
}

function describe({ counts, createdAt, parent, selection, missing }: ArchiveContents): string {
  const sentences = [`Verified: ${formatCount(counts.sessions, 'conversation')}, ${formatCount(counts.messages, 'message')}, made on ${formatTime(createdAt)}.`]
  if (parent !== undefined) sentences.push('It holds only what changed after an earlier backup; keep that one too.')
  if (selection !== undefined) sentences.push('It holds a choice of conversations, not all.')
  if (missing.length > 0) sentences.push(`${formatCount(missing.length, 'part')} of the vault could not be read when it was made.`)
  return sentences.join(' ')
}
