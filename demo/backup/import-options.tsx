// What is to become of what was changed on both sides, and of what was deleted here.

import type { ConflictPolicy } from 'sealed-vault'

export interface ImportChoices {
  readonly policy: ConflictPolicy | 'ask'
  readonly restoreDeleted: boolean
}

export const FIRST_CHOICES: ImportChoices = { policy: 'keep-newer', restoreDeleted: false }

const POLICIES = [
  ['keep-newer', 'keep the newer one'],
  ['keep-mine', 'keep mine, as it is here'],
  ['keep-theirs', 'take theirs, as it is in the file'],
  ['keep-both', 'keep both'],
  ['ask', 'ask me each time'],
] as const satisfies readonly (readonly [ImportChoices['policy'], string])[]

interface ImportOptionsProps {
  readonly choices: ImportChoices
  readonly onChoose: (choices: ImportChoices) => void
}

export function ImportOptions({ choices, onChoose }: ImportOptionsProps) {
  const { policy, restoreDeleted } = choices
  return (
    <>
      <label>
        Where something was changed here and in the file
        <select id="import-policy" autocomplete="off" value={policy} onChange={(event) => onChoose({ ...choices, policy: event.currentTarget.value as ImportChoices['policy'] })}>
          {POLICIES.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label class="choice">
        <input type="checkbox" autocomplete="off" checked={restoreDeleted} onChange={(event) => onChoose({ ...choices, restoreDeleted: event.currentTarget.checked })} /> Bring back what I deleted here
      </label>
    </>
  )
}
