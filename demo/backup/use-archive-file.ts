// A backup that somebody chose, and what they type to open it.

import { inspectArchive, isVaultError, type ArchiveSecrets } from 'sealed-vault'
import type { RefObject } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { SecretKind } from '../words.js'
import { inArchiveWords } from './file-words.js'

export interface ArchiveFile {
  readonly file: File | undefined
  /** What opens it; empty as long as that is not known. */
  readonly kinds: readonly SecretKind[]
  /** Of what is typed. */
  readonly kind: SecretKind
  readonly secret: string
  /** As the vault takes it. */
  readonly secrets: ArchiveSecrets
  /** Whether it is JSON, which nothing seals. */
  readonly isPlain: boolean
  /** Why it is no backup. */
  readonly problem: string
  readonly choose: (file: File) => Promise<void>
  readonly type: (secret: string) => void
  /** Asks for the other one of the things that open it. */
  readonly swap: () => void
  readonly passwordField: RefObject<HTMLInputElement | null>
  readonly codeField: RefObject<HTMLTextAreaElement | null>
}

interface Known {
  readonly file?: File
  readonly kinds: readonly SecretKind[]
  readonly isPlain: boolean
  readonly problem: string
}

const NOTHING: Known = { kinds: [], isPlain: false, problem: '' }

/** What opens a backup is in the open, so only that is asked for, and what is no backup is told at once. @param takesPlain whether JSON is a file to choose as well */
export function useArchiveFile(takesPlain = false): ArchiveFile {
  const [known, setKnown] = useState(NOTHING)
  const [kind, setKind] = useState<SecretKind>('password')
  const [secret, type] = useState('')
  const newest = useRef<File>(undefined)
  const passwordField = useRef<HTMLInputElement>(null)
  const codeField = useRef<HTMLTextAreaElement>(null)
  const { file, kinds } = known
  useLayoutEffect(() => (kind === 'password' ? passwordField : codeField).current?.focus(), [file, kind, kinds])

  async function choose(next: File): Promise<void> {
    newest.current = next
    type('')
    setKnown({ ...NOTHING, file: next })
    const found = await lookAt(next, takesPlain)
    if (newest.current !== next) return
    setKind(found.kinds[0] ?? 'password')
    setKnown({ ...found, file: next })
  }

  function swap(): void {
    setKind(kind === 'password' ? 'code' : 'password')
    type('')
  }

  const secrets = kind === 'password' ? { password: secret } : { recoveryCode: secret }
  return { file, kinds, isPlain: known.isPlain, problem: known.problem, kind, secret, secrets, choose, type, swap, passwordField, codeField }
}

async function lookAt(file: File, takesPlain: boolean): Promise<Known> {
  try {
    const { slots } = await inspectArchive(file)
    const kinds = (['password', 'code'] as const).filter((each) => slots.some((slot) => slot.kind === (each === 'code' ? 'recovery' : 'password')))
    return { ...NOTHING, kinds, problem: kinds.length > 0 ? '' : 'This file opens with something that this version of the page does not know.' }
  } catch (error) {
    const isPlain = takesPlain && isVaultError(error) && error.details.reason === 'magic' && (await beginsAsJson(file).catch(() => false))
    return isPlain ? { ...NOTHING, isPlain } : { ...NOTHING, problem: inArchiveWords(error, 'password') }
  }
}

async function beginsAsJson(file: File): Promise<boolean> {
  return (await file.slice(0, 64).text()).trimStart().startsWith('{')
}
