// Two versions beside each other, and the question which one is to stay.

import type { UnlockedVault } from 'sealed-vault'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { nameOf, versionOf, whatHappened } from './conflict-words.js'
import { titleOf } from './record-names.js'
import type { Answer, Question } from './use-conflicts.js'

interface ConflictDialogProps {
  readonly vault: UnlockedVault
  readonly question: Question
  /** Called when the dialog is closed without an answer. */
  readonly onStop: () => void
}

export function ConflictDialog({ vault, question: { conflict, number, answer }, onStop }: ConflictDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const [title, setTitle] = useState('')
  const { mine, theirs } = conflict
  useLayoutEffect(() => {
    dialog.current?.showModal()
    // Not a button: who types on must not decide by accident.
    heading.current?.focus()
  }, [])
  useEffect(() => {
    const there = (theirs?.value as { readonly title?: string } | undefined)?.title
    // Of a conversation that is not here the backup knows the title.
    if (conflict.kind === 'session' && mine === undefined && there) return setTitle(there)
    titleOf(vault, conflict).then(setTitle, () => setTitle(conflict.id))
  }, [])

  return (
    <dialog ref={dialog} class="conflict" aria-labelledby="conflict-title" onClose={onStop}>
      <p class="note">{`Changed on both sides, question ${number}`}</p>
      <h2 id="conflict-title" tabIndex={-1} ref={heading}>
        {`${nameOf(conflict, title)} ${whatHappened(conflict)}`}
      </h2>
      <div class="versions">
        <Side name="Here" conflict={conflict} side="mine" />
        <Side name="In the backup" conflict={conflict} side="theirs" />
      </div>
      <div class="actions">
        {choicesFor(mine !== undefined, theirs !== undefined).map(([choice, words]) => (
          <button key={choice} type="button" onClick={() => answer(choice)}>
            {words}
          </button>
        ))}
      </div>
      <div class="actions">
        <button type="button" class="quiet" onClick={() => answer('rest')}>
          The newer one, here and for all the rest
        </button>
        <button type="button" class="quiet" onClick={onStop}>
          Stop restoring
        </button>
      </div>
    </dialog>
  )
}

function Side({ name, conflict, side }: { readonly name: string; readonly conflict: Question['conflict']; readonly side: 'mine' | 'theirs' }) {
  const { by, text, time } = versionOf(conflict, side)
  return (
    <section class="version" data-side={side} aria-label={name}>
      <h3>{name}</h3>
      {time !== undefined && <p class="note">{text === undefined ? `Deleted ${time}` : `Changed ${time}`}</p>}
      {by !== undefined && <p class="note sender">{by}</p>}
      {/* Without a focusable box a keyboard could not scroll. */}
      <div class="content" dir="auto" tabIndex={0} role="group" aria-label={`What it says: ${name}`}>
        {text === undefined ? <em>deleted</em> : text}
      </div>
    </section>
  )
}

function choicesFor(isHere: boolean, isThere: boolean): readonly (readonly [Answer, string])[] {
  if (!isHere) return [['mine', 'Leave it deleted'], ['theirs', 'Bring it back']]
  if (!isThere) return [['mine', 'Keep mine'], ['theirs', 'Delete it here, too']]
  return [['mine', 'Keep mine'], ['theirs', 'Take theirs'], ['both', 'Keep both']]
}
