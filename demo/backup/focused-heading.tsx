// The heading of what has just come in the place of something else: it takes the focus, which would be lost with what was there.

import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

export function FocusedHeading({ id, children }: { readonly id?: string; readonly children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null)
  // Before it is painted: what is typed next goes nowhere else.
  useLayoutEffect(() => heading.current?.focus(), [])
  return (
    <h3 ref={heading} tabIndex={-1} {...(id !== undefined && { id })}>
      {children}
    </h3>
  )
}
