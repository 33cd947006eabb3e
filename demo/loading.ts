// Loads a file of conversations into the vault, with progress and a way to stop.

import type { LoadReport, UnlockedVault } from 'sealed-vault'
import { type BadRecord, ConversationFile } from './conversations.js'
import { find, formatCount, formatNumber, make } from './dom.js'
import { inWords } from './words.js'

const PROBLEMS_SHOWN = 20

const input = find('file', HTMLInputElement)
const progress = find('load-progress', HTMLElement)
const bar = progress.querySelector('progress')!
const cancel = find('load-cancel', HTMLButtonElement)
const status = find('load-status', HTMLElement)
const problems = find('load-problems', HTMLElement)

/** Puts the file input to work until `closed` is aborted, which also stops a load. */
export function startLoading(vault: UnlockedVault, closed: AbortSignal): void {
  clear()
  closed.addEventListener('abort', clear)
  input.addEventListener(
    'change',
    () => {
      const file = input.files?.[0]
      if (file !== undefined) void load(vault, file, closed)
    },
    { signal: closed },
  )
}

function clear(): void {
  input.value = ''
  input.disabled = false
  progress.hidden = true
  status.textContent = ''
  problems.replaceChildren()
}

async function load(vault: UnlockedVault, file: File, closed: AbortSignal): Promise<void> {
  clear()
  input.disabled = true
  progress.hidden = false
  bar.value = 0
  status.textContent = 'Loading…'
  const cancelled = new AbortController()
  cancel.onclick = () => cancelled.abort()
  const source = new ConversationFile(file, (bytes) => (bar.value = bytes / file.size))
  let safe = 0
  const onProgress = ({ done }: { readonly done: number }): void => {
    if (closed.aborted) return
    safe = done
    status.textContent = `${formatCount(done, 'conversation')} so far`
  }
  const started = performance.now()
  let report: LoadReport | undefined
  let failure = ''
  try {
    report = await vault.load(source.conversations(), { signal: AbortSignal.any([cancelled.signal, closed]), onProgress })
  } catch (error) {
    failure = cancelled.signal.aborted ? 'Cancelled.' : inLoadWords(error)
  }
  const total = performance.now() - started
  // Whoever locks meanwhile sees nothing of this any more.
  if (closed.aborted) return
  clear()
  status.textContent = report === undefined ? `${failure} ${formatCount(safe, 'conversation')} went in before and stay.` : describe(report, total, source.readingMs)
  showProblems([...source.bad, ...(report?.refused ?? []).map(({ index, error }) => ({ place: source.placeOf(index), reason: error.message }))])
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

function showProblems(bad: readonly BadRecord[]): void {
  const lines = bad.slice(0, PROBLEMS_SHOWN).map(({ place, reason }) => make('li', '', `Left out: ${place}, ${reason}.`))
  if (bad.length > PROBLEMS_SHOWN) lines.push(make('li', '', `Left out as well: ${formatNumber(bad.length - PROBLEMS_SHOWN)} more.`))
  problems.replaceChildren(...lines)
}
