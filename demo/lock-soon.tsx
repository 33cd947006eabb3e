// Says shortly before that the vault is about to lock because nobody uses it. Any key and any touch puts that off; the button is for who looks for one.

import type { UnlockedVault } from 'sealed-vault'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

/** The banner goes a moment after it was pressed, not under the finger: what lies below would get the rest of the press. */
const LINGER_MS = 800

type Warning = { readonly is: 'none' } | { readonly is: 'soon'; /** By the wall clock. */ readonly locksAt: number; readonly seconds: number } | { readonly is: 'put-off' }

export function LockSoon({ vault }: { readonly vault: UnlockedVault }) {
  const [warning, setWarning] = useState<Warning>({ is: 'none' })
  const [, setTicks] = useState(0)
  const banner = useRef<HTMLElement>(null)
  const cameFrom = useRef<HTMLElement | undefined>(undefined)

  useEffect(
    () =>
      vault.subscribe((event) => {
        if (event.kind === 'locking') setWarning({ is: 'none' })
        if (event.kind !== 'lock-soon') return
        setWarning(event.inMs === undefined ? { is: 'put-off' } : { is: 'soon', locksAt: Date.now() + event.inMs, seconds: toSeconds(event.inMs) })
      }),
    [vault],
  )
  useEffect(() => {
    if (warning.is === 'soon') {
      const timer = setInterval(() => setTicks((ticks) => ticks + 1), 1000)
      return () => clearInterval(timer)
    }
    if (warning.is === 'put-off') {
      const timer = setTimeout(() => setWarning({ is: 'none' }), LINGER_MS)
      return () => clearTimeout(timer)
    }
  }, [warning])
  // Over everything, a dialog too; it takes no focus.
  useLayoutEffect(() => {
    if (warning.is === 'none') return
    banner.current?.showPopover()
    return () => banner.current?.hidePopover()
  }, [warning.is === 'none'])

  function stay(): void {
    vault.noteUse()
    cameFrom.current?.focus({ preventScroll: true })
  }

  return (
    <>
      {/* Said once: a count that is read aloud every second says nothing. */}
      <p class="for-screen-readers" role="status">
        {warning.is === 'soon' ? `Nobody has used the vault for a while. It locks in ${warning.seconds} seconds; any key puts that off.` : ''}
      </p>
      <aside id="lock-soon" popover="manual" aria-label="Lock" ref={banner} onFocusIn={({ relatedTarget }) => (cameFrom.current = relatedTarget instanceof HTMLElement ? relatedTarget : undefined)}>
        <span>{warning.is === 'soon' ? `Locks in ${toSeconds(warning.locksAt - Date.now())} s` : 'Stays open'}</span>
        <button type="button" onClick={stay}>
          Stay open
        </button>
      </aside>
    </>
  )
}

function toSeconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000))
}
