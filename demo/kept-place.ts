// Where a chat is scrolled to.

import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Stretch } from './stretch.js'

const NEAR_END = 60

/** Keeps what somebody reads where it is: at the end when they were at the end, else at the same message. One that was found is shown in the middle. */
export function useKeptPlace(scroll: { readonly current: HTMLDivElement | null }, stretch: Stretch | undefined): void {
  const before = useRef({ first: 0, height: 0, atEnd: true, apart: false })
  const box = scroll.current
  // Taken while the old messages are still on the screen.
  if (box !== null) before.current = { ...before.current, height: box.scrollHeight, atEnd: isNearEnd(box) }
  useLayoutEffect(() => {
    const shown = scroll.current
    if (shown === null || stretch === undefined || stretch.messages.length === 0) return
    const { asked, range } = stretch
    if (asked.kind === 'newest') shown.scrollTop = shown.scrollHeight
    else if (asked.kind === 'around') showInTheMiddle(shown)
    else if (range.first < before.current.first) shown.scrollTop += shown.scrollHeight - before.current.height
    // The end of a stretch is not the end of the chat while newer messages are left out.
    else if (before.current.atEnd && !before.current.apart) shown.scrollTop = shown.scrollHeight
    before.current.first = range.first
    before.current.apart = range.last !== undefined
  }, [stretch?.messages])
}

function isNearEnd(box: HTMLElement): boolean {
  return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END
}

function showInTheMiddle(box: HTMLElement): void {
  const message = box.querySelector('.found')
  if (message === null) return
  // Of a message that is longer than the screen its first marked words.
  const target = message.clientHeight > box.clientHeight ? (message.querySelector('mark') ?? message) : message
  const { top, height } = target.getBoundingClientRect()
  const frame = box.getBoundingClientRect()
  box.scrollTop += top - frame.top - (frame.height - height) / 2
}
