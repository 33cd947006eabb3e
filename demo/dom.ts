// The few things every part of the page does with the document.

/** The element with this id. @throws {Error} when the page has none of this kind: a mistake in index.html */
export function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  return findIn(document, `#${id}`, kind)
}

export function findIn<T extends HTMLElement>(parent: ParentNode, selector: string, kind: new () => T): T {
  const element = parent.querySelector(selector)
  if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} at ${selector}`)
  return element
}

/** A new element around text. Text only ever enters the page here and through textContent, never as markup. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, text = ''): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (className !== '') element.className = className
  element.textContent = text
  return element
}

/** What was typed, exactly: a password may begin or end with spaces. */
export function typed(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name)
  return typeof value === 'string' ? value : ''
}

const numbers = new Intl.NumberFormat('en')

export function formatNumber(value: number): string {
  return numbers.format(Math.round(value))
}

/** "1 message", "2,156 messages". */
export function formatCount(value: number, one: string, many = `${one}s`): string {
  return `${formatNumber(value)} ${value === 1 ? one : many}`
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_000_000) return `${formatNumber(bytes / 1000)} kB`
  return bytes < 1_000_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${(bytes / 1_000_000_000).toFixed(1)} GB`
}

const times = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })

export function formatTime(ms: number): string {
  // Times are data of the file; one no calendar knows is shown as the number it is.
  return Math.abs(ms) <= 8.64e15 ? times.format(ms) : String(ms)
}
