// A password that is chosen: typed twice, with a hint how long it would last, or drawn.

import type { Ref } from 'preact'
import { PassphraseSuggestion } from './passphrase-suggestion.js'
import { PasswordField } from './password-field.js'
import { StrengthHint } from './strength.js'

export interface NewPassword {
  readonly password: string
  readonly again: string
}

export const NO_PASSWORD: NewPassword = { password: '', again: '' }

interface NewPasswordFieldsProps {
  readonly label: string
  readonly labelAgain: string
  readonly value: NewPassword
  readonly onInput: (value: NewPassword) => void
  /** Who would have to guess it. */
  readonly guesser?: string
  /** The first field, for who wants to focus it. */
  readonly field?: Ref<HTMLInputElement>
}

export function NewPasswordFields({ label, labelAgain, value, onInput, guesser, field = null }: NewPasswordFieldsProps) {
  return (
    <>
      <PasswordField label={label} value={value.password} onInput={(password) => onInput({ ...value, password })} describedBy="strength" field={field} />
      <StrengthHint id="strength" password={value.password} {...(guesser !== undefined && { guesser })} />
      <PasswordField label={labelAgain} value={value.again} onInput={(again) => onInput({ ...value, again })} />
      <PassphraseSuggestion password={value.password} onUse={(passphrase) => onInput({ password: passphrase, again: passphrase })} />
    </>
  )
}
