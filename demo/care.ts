// What belongs to the vault as a whole: its password, where it is kept, and whether everything is in order.

import type { CheckReport, Problem, UnlockedVault } from 'sealed-vault'
import { find, findIn, formatBytes, formatCount, formatNumber, make, typed } from './dom.js'
import { inWords } from './words.js'

const form = find('password-form', HTMLFormElement)
const fields = findIn(form, 'fieldset', HTMLFieldSetElement)
const passwordNote = find('password-note', HTMLElement)
const facts = find('facts', HTMLElement)
const checkButton = find('check-button', HTMLButtonElement)
const checkStatus = find('check-status', HTMLElement)
const checkProblems = find('check-problems', HTMLElement)

/** Puts the forms to work until `closed` is aborted. Gives a function that refreshes the facts. */
export function startCare(vault: UnlockedVault, closed: AbortSignal): () => Promise<void> {
  clear()
  closed.addEventListener('abort', clear)
  form.addEventListener(
    'submit',
    (event) => {
      event.preventDefault()
      void changePassword(vault, closed)
    },
    { signal: closed },
  )
  checkButton.addEventListener('click', () => void check(vault, closed), { signal: closed })
  return () => showFacts(vault, closed)
}

function clear(): void {
  form.reset()
  fields.disabled = false
  checkButton.disabled = false
  passwordNote.textContent = ''
  facts.replaceChildren()
  checkStatus.textContent = ''
  checkProblems.replaceChildren()
}

async function changePassword(vault: UnlockedVault, closed: AbortSignal): Promise<void> {
  const [current, next] = [typed(form, 'current'), typed(form, 'next')]
  if (next !== typed(form, 'again')) {
    passwordNote.textContent = 'The two new passwords are not the same.'
    return
  }
  fields.disabled = true
  passwordNote.textContent = 'Changing the password…'
  let note = 'The password is changed. From now on only the new one opens the vault.'
  try {
    await vault.changePassword(current, next)
    if (!closed.aborted) form.reset()
  } catch (error) {
    note = inWords(error)
  }
  if (closed.aborted) return
  fields.disabled = false
  passwordNote.textContent = note
}

async function showFacts(vault: UnlockedVault, closed: AbortSignal): Promise<void> {
  const { kind, why, persisted, usageBytes, quotaBytes } = await vault.storage()
  if (closed.aborted) return
  const unsaid = 'the browser does not say'
  const used = usageBytes === undefined ? unsaid : `about ${formatBytes(usageBytes)}${quotaBytes === undefined ? '' : ` of ${formatBytes(quotaBytes)} it may use`}`
  const promise = { true: 'the browser keeps it until you delete it', false: 'the browser may delete it when room gets short', undefined: unsaid }[`${persisted}`]
  const rows = [
    ['Kept in', `${kind} (${why})`],
    ['Promise', promise],
    ['Used by this site', used],
  ] as const
  facts.replaceChildren(...rows.flatMap(([name, value]) => [make('dt', '', name), make('dd', '', value)]))
}

async function check(vault: UnlockedVault, closed: AbortSignal): Promise<void> {
  checkButton.disabled = true
  checkProblems.replaceChildren()
  checkStatus.textContent = 'Checking…'
  const started = performance.now()
  let note: string
  let found: readonly Problem[] = []
  try {
    const onProgress = ({ phase, done }: { readonly phase: string; readonly done: number }): void => {
      if (!closed.aborted) checkStatus.textContent = `Checking ${phase}: ${formatCount(done, 'row')} opened`
    }
    const report = await vault.check({ signal: closed, onProgress })
    found = report.problems
    note = describe(report, performance.now() - started)
  } catch (error) {
    note = inWords(error)
  }
  if (closed.aborted) return
  checkButton.disabled = false
  checkStatus.textContent = note
  checkProblems.replaceChildren(...found.map(({ code, where, number, reason }) => make('li', '', [code, where, number, reason].filter((part) => part !== undefined).join(' · '))))
}

function describe({ ok, problems, counts }: CheckReport, ms: number): string {
  const opened = `${formatCount(counts.rows, 'row')} opened in ${formatNumber(ms)} ms`
  if (!ok) return `${formatCount(problems.length, 'problem')} found, ${opened}. What is readable stays readable.`
  return `Everything is in order: ${formatCount(counts.sessions, 'conversation')}, ${formatCount(counts.messages, 'message')}, ${opened}.`
}
