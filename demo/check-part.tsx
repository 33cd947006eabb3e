// Opens every sealed row and holds the store against what the vault says of it.

import type { CheckReport, Problem, UnlockedVault } from 'sealed-vault'
import { useEffect, useRef, useState } from 'preact/hooks'
import { formatCount, formatNumber } from './format.js'
import { inWords } from './words.js'

export function CheckPart({ vault }: { readonly vault: UnlockedVault }) {
  const [busy, setBusy] = useState(false)
  const [status, setStatus] = useState('')
  const [problems, setProblems] = useState<readonly Problem[]>([])
  const left = useRef(new AbortController())
  useEffect(() => () => left.current.abort(), [])

  async function check(): Promise<void> {
    setBusy(true)
    setProblems([])
    setStatus('Checking…')
    const started = performance.now()
    try {
      const report = await vault.check({
        signal: left.current.signal,
        onProgress: ({ phase, done }) => setStatus(`Checking ${phase}: ${formatCount(done, 'row')} opened`),
      })
      setProblems(report.problems)
      setStatus(describe(report, performance.now() - started))
    } catch (error) {
      setStatus(inWords(error))
    }
    setBusy(false)
  }

  return (
    <>
      <p>Opens every sealed row and compares what is there with what should be there. Nothing is changed.</p>
      <button type="button" disabled={busy} onClick={() => void check()}>
        Check the vault
      </button>
      <p id="check-status" class="note" role="status">
        {status}
      </p>
      <ul id="check-problems" class="note">
        {problems.map(({ code, where, number, reason }, index) => (
          <li key={index}>{[code, where, number, reason].filter((part) => part !== undefined).join(' · ')}</li>
        ))}
      </ul>
    </>
  )
}

function describe({ ok, problems, counts }: CheckReport, ms: number): string {
  const opened = `${formatCount(counts.rows, 'row')} opened in ${formatNumber(ms)} ms`
  if (!ok) return `${formatCount(problems.length, 'problem')} found, ${opened}. What is readable stays readable.`
  return `Everything is in order: ${formatCount(counts.sessions, 'conversation')}, ${formatCount(counts.messages, 'message')}, ${opened}.`
}
