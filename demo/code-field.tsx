// A field for a recovery code: long, copied from paper, so it is shown as it is typed.

import type { Ref } from 'preact'

interface CodeFieldProps {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
  /** The input itself, for who wants to focus it. */
  readonly field?: Ref<HTMLTextAreaElement>
}

export function CodeField({ label, value, onInput, field = null }: CodeFieldProps) {
  return (
    <label>
      {label}
      {/* Two lines: on a phone it would not fit into one. */}
      <textarea
        ref={field}
        class="code-input"
        rows={2}
        autocomplete="off"
        autocapitalize="characters"
        spellcheck={false}
        required
        placeholder="nine groups of four, as on your paper"
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.isComposing) return
          event.preventDefault()
          event.currentTarget.form?.requestSubmit()
        }}
      />
    </label>
  )
}
