// JSON has no password, and nothing in it says who changed what and when.

import { ImportOptions, type ImportChoices } from './import-options.js'

interface PlainImportFormProps {
  readonly choices: ImportChoices
  readonly disabled: boolean
  readonly onChoose: (choices: ImportChoices) => void
  readonly onImport: () => void
}

export function PlainImportForm({ choices, disabled, onChoose, onImport }: PlainImportFormProps) {
  return (
    <form
      autocomplete="off"
      onSubmit={(event) => {
        event.preventDefault()
        onImport()
      }}
    >
      <fieldset disabled={disabled}>
        <p class="note">No password protects this file. It does not say who changed what, so whatever is not the same here and there counts as changed on both sides.</p>
        <ImportOptions choices={choices} onChoose={onChoose} />
        <button>Restore</button>
      </fieldset>
    </form>
  )
}
