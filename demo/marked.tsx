// A text with the places that a search found in it marked.

interface MarkedProps {
  readonly text: string
  /** UTF-16 offsets, end exclusive, in order, without overlaps. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[]
}

export function Marked({ text, ranges }: MarkedProps) {
  let shown = 0
  return (
    <>
      {ranges.map(({ start, end }) => {
        const before = text.slice(shown, start)
        shown = end
        return [before, <mark>{text.slice(start, end)}</mark>]
      })}
      {text.slice(shown)}
    </>
  )
}
