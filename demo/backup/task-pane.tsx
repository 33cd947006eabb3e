// The frame of a task: its name, and the way back.

import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

interface TaskPaneProps {
  readonly title: string
  readonly onBack: () => void
  readonly children: ComponentChildren
}

export function TaskPane({ title, onBack, children }: TaskPaneProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  // Before it is painted: a screen reader says where somebody is, and what is typed next goes nowhere else.
  useLayoutEffect(() => heading.current?.focus(), [])
  return (
    <div class="task">
      <div class="pane-head">
        <button type="button" class="quiet" onClick={onBack}>
          ‹ Go back
        </button>
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
      </div>
      {children}
    </div>
  )
}
