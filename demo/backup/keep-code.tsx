// Shows a recovery code until somebody has it on paper, and asks for parts of it from there: a code that was only looked at is lost with the page.

import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { CodeSheet, groupsOf, type CodePurpose } from './code-sheet.js'

const GROUPS_ASKED = 2

interface KeepCodeProps {
  readonly code: string
  readonly purpose: CodePurpose
  /** What the last button does. */
  readonly action: string
  /** Called with the code, the groups that were asked for as they were typed; while the click still counts as one, so that it may open a dialog. */
  readonly onKept: (typedBack: string) => void
}

export function KeepCode({ code, purpose, action, onKept }: KeepCodeProps) {
  const [asks, setAsks] = useState(false)
  if (asks) {
    return (
      <TypedBack code={code} action={action} onKept={onKept}>
        <button type="button" class="quiet" onClick={() => setAsks(false)}>
          Show the code again
        </button>
      </TypedBack>
    )
  }
  return (
    <>
      <p>Print this or write it down. It is shown only now, and nothing keeps it.</p>
      <CodeSheet code={code} purpose={purpose} />
      <div class="actions">
        <button type="button" onClick={() => window.print()}>
          Print
        </button>
        <button type="button" class="primary" onClick={() => setAsks(true)}>
          I have written it down
        </button>
      </div>
    </>
  )
}

interface TypedBackProps {
  readonly code: string
  readonly action: string
  readonly onKept: (typedBack: string) => void
  readonly children: ComponentChildren
}

function TypedBack({ code, action, onKept, children }: TypedBackProps) {
  const [asked] = useState(() => chooseGroups(groupsOf(code).length))
  const [typed, setTyped] = useState<Readonly<Record<number, string>>>({})
  const [problem, setProblem] = useState('')
  const first = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => first.current?.focus(), [])

  function submit(event: Event): void {
    event.preventDefault()
    const groups = groupsOf(code)
    const wrong = asked.filter((index) => asWritten(typed[index] ?? '') !== groups[index])
    if (wrong.length === 0) return onKept(groups.map((group, index) => typed[index] ?? group).join('-'))
    setProblem(`${wrong.map((index) => `Group ${index + 1}`).join(' and ')} on your paper ${wrong.length === 1 ? 'is' : 'are'} not as in the code. Show it again and compare.`)
  }

  return (
    <form autocomplete="off" onSubmit={submit}>
      <fieldset>
        <legend>Type these groups from your paper, to be sure it can be read.</legend>
        <div class="asked">
          {asked.map((index, place) => (
            <label key={index}>
              {`Group ${index + 1}`}
              <input
                ref={place === 0 ? first : null}
                class="signs"
                autocomplete="off"
                autocapitalize="characters"
                spellcheck={false}
                size={6}
                maxLength={8}
                required
                value={typed[index] ?? ''}
                onInput={(event) => setTyped({ ...typed, [index]: event.currentTarget.value })}
              />
            </label>
          ))}
        </div>
        <p class="note" role="alert">
          {problem}
        </p>
        <div class="actions">
          <button>{action}</button>
          {children}
        </div>
      </fieldset>
    </form>
  )
}

/** Some places of so many, in order. */
function chooseGroups(count: number): readonly number[] {
  const places = Array.from({ length: count }, (_, index) => index)
  while (places.length > GROUPS_ASKED) places.splice(Math.floor(Math.random() * places.length), 1)
  return places
}

/** As the vault reads what is typed. */
function asWritten(typed: string): string {
  return typed.replace(/[\s-]/g, '').toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1')
}
