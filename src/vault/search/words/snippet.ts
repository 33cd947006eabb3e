// The line of a long text that shows what was found in it.

import type { Range } from './match.js'

/** UTF-16 units before the first place found, and in all. */
const BEFORE = 40
const LENGTH = 160

/** Cut between words where there are some near, marked with an ellipsis; line breaks become spaces. */
export function snippetOf(text: string, highlights: readonly Range[]): { readonly text: string; readonly highlights: readonly Range[] } {
  const first = highlights[0]?.start ?? 0
  const start = text.length <= LENGTH || first <= BEFORE ? 0 : startNear(text, first)
  const end = text.length - start <= LENGTH ? text.length : endNear(text, start + LENGTH, highlights[0]?.end ?? 0)
  const lead = start === 0 ? '' : '… '
  const shift = lead.length - start
  const shown = highlights.filter((range) => range.start >= start && range.end <= end)
  return {
    // One for one, so that places stay what they are.
    text: lead + text.slice(start, end).replace(/\s/gu, ' ') + (end === text.length ? '' : ' …'),
    highlights: shown.map((range) => ({ start: range.start + shift, end: range.end + shift })),
  }
}

function startNear(text: string, first: number): number {
  const at = first - BEFORE
  const space = text.slice(at, first).search(/\s/u)
  return space === -1 ? beforePair(text, at) : at + space + 1
}

function endNear(text: string, at: number, least: number): number {
  const space = text.slice(at - BEFORE, at + 1).search(/\s\S*$/u)
  return Math.max(least, space === -1 ? beforePair(text, at) : at - BEFORE + space)
}

/** Never between the halves of a surrogate pair. */
function beforePair(text: string, at: number): number {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at
}
