// The field for what opens a backup, and the way to the other thing that opens it.

import { CodeField } from '../code-field.js'
import { PasswordField } from '../password-field.js'
import type { ArchiveFile } from './use-archive-file.js'

export function ArchiveSecret({ archive: { kind, secret, type, passwordField, codeField } }: { readonly archive: ArchiveFile }) {
  return kind === 'password' ? (
    <PasswordField label="Password of the file" value={secret} onInput={type} field={passwordField} />
  ) : (
    <CodeField label="Recovery code of the file" value={secret} onInput={type} field={codeField} />
  )
}

/** Nothing where only one thing opens the file. */
export function OtherSecret({ archive: { kind, kinds, swap } }: { readonly archive: ArchiveFile }) {
  if (kinds.length < 2) return null
  return (
    <button type="button" class="quiet" onClick={swap}>
      {kind === 'password' ? 'Use its recovery code' : 'Use its password'}
    </button>
  )
}
