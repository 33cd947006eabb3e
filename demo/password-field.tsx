// A field for a password. What is typed into it is never trimmed, never suggested and never kept by the browser.

import type { Ref } from 'preact'
import { useState } from 'preact/hooks'

interface PasswordFieldProps {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
  readonly describedBy?: string
  /** The input itself, for who wants to focus it. */
  readonly field?: Ref<HTMLInputElement>
}

export function PasswordField({ label, value, onInput, describedBy, field = null }: PasswordFieldProps) {
  const [capsLock, setCapsLock] = useState(false)
  const look = (event: KeyboardEvent): void => setCapsLock(event.getModifierState('CapsLock'))
  return (
    <div class="field">
      <label>
        {label}
        <input
          ref={field}
          type="password"
          autocomplete="off"
          spellcheck={false}
          required
          value={value}
          aria-describedby={describedBy}
          onInput={(event) => onInput(event.currentTarget.value)}
          onKeyDown={look}
          onKeyUp={look}
          onBlur={() => setCapsLock(false)}
        />
      </label>
      <p class="note" role="status">
        {capsLock ? 'Caps lock is on.' : ''}
      </p>
    </div>
  )
}
