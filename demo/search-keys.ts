// The keys of the search: "/" or Ctrl+K to its field, arrows through what it found, Enter to open, Escape to be done.

import { useEffect, useRef } from 'preact/hooks'

interface SearchKeys {
  readonly field: { readonly current: HTMLInputElement | null }
  /** Ids of the options, in their order. */
  readonly options: readonly string[]
  readonly active: string | undefined
  readonly onMove: (option: string | undefined) => void
  readonly onChoose: () => void
  readonly onClear: () => void
  readonly onWanted: () => void
}

/** Gives the handler for keys pressed inside of the search; those that lead to it are heard wherever the focus is. */
export function useSearchKeys(keys: SearchKeys): (event: KeyboardEvent) => void {
  const newest = useRef(keys)
  newest.current = keys
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (!leadsToSearch(event)) return
      event.preventDefault()
      const { field, onWanted } = newest.current
      onWanted()
      // After the pane with the field is shown.
      queueMicrotask(() => field.current?.select())
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [])
  return (event) => handle(event, newest.current)
}

function leadsToSearch(event: KeyboardEvent): boolean {
  if (event.isComposing) return false
  if (event.key.toLowerCase() === 'k') return (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey
  return event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && !(event.target as Element).matches('input:not([type=checkbox]), textarea, select')
}

function handle(event: KeyboardEvent, { field, options, active, onMove, onChoose, onClear }: SearchKeys): void {
  // Keys that end a composition of characters belong to the input method.
  if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return
  const inField = event.target === field.current
  if (event.key === 'Escape' && (inField || field.current?.value !== '')) {
    event.preventDefault()
    if (field.current?.value === '') field.current.blur()
    else onClear()
  }
  if (!inField) return
  const at = active === undefined ? -1 : options.indexOf(active)
  switch (event.key) {
    case 'ArrowDown':
      event.preventDefault()
      onMove(options[Math.min(at + 1, options.length - 1)])
      break
    case 'ArrowUp':
      event.preventDefault()
      // From the first one back to the field, from there to the last.
      onMove(at === -1 ? options.at(-1) : options[at - 1])
      break
    case 'Enter':
      event.preventDefault()
      onChoose()
      break
  }
}
