// What lies in the browser's storage: what of it anybody could read, how strong the ways in are, how much the keys have been used, and what a copied folder tells.

import type { AuditReport, UnlockedVault } from 'sealed-vault'
import { useEffect, useRef, useState } from 'preact/hooks'
import { formatBytes, formatNumber } from '../format.js'
import { inWords } from '../words.js'
import { AuditedKeys } from './audited-keys.js'
import { inWaysInWords, MEANINGS } from './audit-words.js'
import { SealedTable } from './sealed-table.js'
import { UnsealedTable } from './unsealed-table.js'
import { describeAlarms, sumBytes, unsealedKinds } from './unsealed-kinds.js'

export function AuditPart({ vault }: { readonly vault: UnlockedVault }) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')
  const [report, setReport] = useState<AuditReport>()
  const left = useRef(new AbortController())
  useEffect(() => () => left.current.abort(), [])

  async function look(): Promise<void> {
    setBusy(true)
    setProblem('')
    try {
      setReport(await vault.audit({ signal: left.current.signal }))
    } catch (error) {
      setProblem(inWords(error))
    }
    setBusy(false)
  }

  return (
    <>
      <p>Looks at everything that this vault keeps in the browser, and says what of it could be read by somebody without the password. Nothing is changed.</p>
      <button type="button" disabled={busy} onClick={() => void look()}>
        {report === undefined ? 'Look at what is stored' : 'Look again'}
      </button>
      <p id="audit-status" class="note" role="status">
        {busy ? 'Looking…' : report && describe(report)}
      </p>
      <p class="note" role="alert">
        {problem !== '' ? problem : report && describeAlarms(report.unsealed)}
      </p>
      {report !== undefined && <AuditResult report={report} />}
    </>
  )
}

function AuditResult({ report: { slots, epochs, unsealed, sealed, tells } }: { readonly report: AuditReport }) {
  return (
    <div id="audit">
      <h4>Ways in</h4>
      <ul class="told">
        {slots.map((slot, index) => (
          <li key={index}>{inWaysInWords(slot)}</li>
        ))}
      </ul>
      <h4>Keys</h4>
      <AuditedKeys epochs={epochs} />
      <h4>Not sealed</h4>
      <UnsealedTable kinds={unsealedKinds(unsealed)} />
      <h4>Sealed</h4>
      <SealedTable sealed={sealed} />
      <h4>What a copied folder tells</h4>
      <p class="note">Whoever copies the folder of the browser, without password or code, can measure and count, and learns this much about the vault:</p>
      <dl id="audit-tells">
        {tells.map(({ what, value }) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{typeof value === 'number' ? formatNumber(value) : value}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>What the words mean</summary>
        <dl>
          {MEANINGS.map(([word, meaning]) => (
            <div key={word}>
              <dt>{word}</dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </details>
    </div>
  )
}

function describe({ unsealed, sealed }: AuditReport): string {
  const [clear, secret] = [sumBytes(unsealed), sumBytes(sealed)]
  const percent = ((100 * secret) / (clear + secret)).toFixed(1)
  const stored = `${formatBytes(clear + secret)} are stored. ${percent} % are sealed`
  // Of what should not be there nobody can say what it tells.
  if (unsealed.some(({ isExpected }) => !isExpected)) return `${stored}; what the other ${formatBytes(clear)} are is listed below.`
  return `${stored}; the other ${formatBytes(clear)} say nothing of what is in the conversations, and it is listed below why they are there.`
}
