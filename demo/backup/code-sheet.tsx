// A recovery code as it is kept: the only thing that is printed, with what it is for.

import { FocusedHeading } from './focused-heading.js'

export interface CodePurpose {
  readonly title: string
  /** What it opens, in a sentence. */
  readonly opens: string
  /** What tells this paper from others: name and value. */
  readonly facts: readonly (readonly [name: string, value: string])[]
}

export function groupsOf(code: string): readonly string[] {
  return code.split('-')
}

export function CodeSheet({ code, purpose }: { readonly code: string; readonly purpose: CodePurpose }) {
  return (
    <section class="sheet" aria-labelledby="sheet-title">
      <FocusedHeading id="sheet-title">{purpose.title}</FocusedHeading>
      <p>{purpose.opens}</p>
      <ol class="code">
        {groupsOf(code).map((group, index) => (
          <li key={index}>
            <span class="note">{index + 1}</span> <span class="signs">{group}</span>
          </li>
        ))}
      </ol>
      <dl>
        {purpose.facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="note">Keep it where you keep important papers, not beside the computer. Small letters do as well as capitals; there is no letter I, L, O or U in it.</p>
    </section>
  )
}
