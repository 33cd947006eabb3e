// Loads a file of conversations into the vault, with progress and a way to stop.

import type { LoadReport, UnlockedVault } from 'sealed-vault'
import { useEffect, useRef, useState } from 'preact/hooks'
import { type BadRecord, ConversationFile } from './conversations.js'
import { formatCount, formatNumber } from './format.js'
import { inWords } from './words.js'

const PROBLEMS_SHOWN = 20

export function LoadPart({ vault }: { readonly vault: UnlockedVault }) {
  const [progress, setProgress] = useState<number>()
  const [status, setStatus] = useState('')
  const [bad, setBad] = useState<readonly BadRecord[]>([])
  const cancelled = useRef<AbortController>(undefined)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => () => cancelled.current?.abort(), [])

  async function load(file: File): Promise<void> {
    const { signal } = (cancelled.current = new AbortController())
    setBad([])
    setProgress(0)
    setStatus('Loading…')
    const source = new ConversationFile(file, (bytes) => setProgress(bytes / file.size))
    let safe = 0
    const onProgress = ({ done }: { readonly done: number }): void => {
      safe = done
      setStatus(`${formatCount(done, 'conversation')} so far`)
    }
    const started = performance.now()
    let report: LoadReport | undefined
    try {
      report = await vault.load(source.conversations(), { signal, onProgress })
      setStatus(describe(report, performance.now() - started, source.readingMs))
    } catch (error) {
      setStatus(`${signal.aborted ? 'Cancelled.' : inLoadWords(error)} ${formatCount(safe, 'conversation')} went in before and stay.`)
    }
    setProgress(undefined)
    setBad([...source.bad, ...(report?.refused ?? []).map(({ index, error }) => ({ place: source.placeOf(index), reason: error.message }))])
    // The same file chosen again is a change again.
    if (field.current !== null) field.current.value = ''
  }

  async function loadSample(): Promise<void> {
    try {
      const sample = await fetch('./sample.ndjson')
      await load(new File([await sample.blob()], 'sample.ndjson'))
    } catch (error) {
      setStatus(inLoadWords(error))
    }
  }

  const busy = progress !== undefined
  return (
    <details id="loading" open>
      <summary>Load conversations</summary>
      <label>
        From a file
        <input ref={field} type="file" id="file" accept=".ndjson,.jsonl,.json,.gz" autocomplete="off" disabled={busy} onChange={(event) => void startLoad(event.currentTarget, load)} />
      </label>
      <button type="button" disabled={busy} onClick={() => void loadSample()}>
        Load the sample
      </button>
      {busy && (
        <div id="load-progress">
          <progress max={1} value={progress} aria-label="Read of the file" />
          <button type="button" onClick={() => cancelled.current?.abort()}>
            Cancel
          </button>
        </div>
      )}
      <p id="load-status" class="note" role="status">
        {status}
      </p>
      {bad.length > 0 && (
        <ul id="load-problems" class="note">
          {bad.slice(0, PROBLEMS_SHOWN).map(({ place, reason }) => (
            <li key={place}>{`Left out: ${place}, ${reason}.`}</li>
          ))}
          {bad.length > PROBLEMS_SHOWN && <li>{`Left out as well: ${formatNumber(bad.length - PROBLEMS_SHOWN)} more.`}</li>}
        </ul>
      )}
    </details>
  )
}

function startLoad(input: HTMLInputElement, load: (file: File) => Promise<void>): Promise<void> | undefined {
  const file = input.files?.[0]
  return file === undefined ? undefined : load(file)
}

function inLoadWords(error: unknown): string {
  // Streams that cannot be unpacked or read end in a TypeError or a DOMException, each engine with its own message.
  if (error instanceof TypeError || error instanceof DOMException) return 'The file could not be read to its end: it is cut off, damaged or was changed meanwhile.'
  return inWords(error)
}

function describe(report: LoadReport, total: number, reading: number): string {
  const { loaded, messages, skipped } = report
  const ms = (time: number): string => `${formatNumber(time)} ms`
  const sentence = `Loaded ${formatCount(loaded, 'conversation')}, ${formatCount(messages, 'message')} in ${ms(total)} (vault ${ms(total - reading)}, reading the file ${ms(reading)}).`
  return skipped === 0 ? sentence : `${sentence} ${formatCount(skipped, 'conversation was', 'conversations were')} in the vault already.`
}
