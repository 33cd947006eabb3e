// How much was found, for those who look and those who listen.

import { formatCount } from './format.js'
import type { Found } from './live-search.js'
import { SESSIONS_SHOWN } from './search-question.js'
import { inSearchWords, isNoQueryYet } from './words.js'

export function SearchStatus({ found }: { readonly found: Found | undefined }) {
  const problem = found?.error !== undefined && !isNoQueryYet(found.error)
  const corrections = found === undefined ? [] : correctionsOf(found)
  return (
    <>
      <p id="search-status" class="note" role="status">
        {corrections.length > 0 && <>Showing results for {corrections.map((word, index) => [index === 0 ? '' : ', ', <strong>{word}</strong>])} · </>}
        {found !== undefined && !problem && (found.error === undefined ? describe(found, corrections.length > 0) : inSearchWords(found.error))}
      </p>
      {problem && <p role="alert">{inSearchWords(found.error)}</p>}
    </>
  )
}

function describe({ groups, isWhole }: Found, shortly: boolean): string {
  // The line keeps its height, and is read out once.
  if (!isWhole) return '\u00A0'
  if (groups.length === 0) return 'No message has this.'
  const matches = formatCount(
    groups.reduce((sum, group) => sum + group.matches, 0),
    'match',
    'matches',
  )
  const conversations = formatCount(groups.length, 'conversation')
  if (groups.length === SESSIONS_SHOWN) return `${matches} in the first ${conversations}`
  return shortly ? matches : `${matches} in ${conversations}`
}

const CORRECTIONS_SAID = 3

/** What words were taken for that nothing has as they were typed, the one that most of the messages have first. */
function correctionsOf({ groups }: Found): readonly string[] {
  const counts = new Map<string, number>()
  for (const { hits } of groups) for (const { corrections = [] } of hits) for (const { found } of corrections) counts.set(found.toLowerCase(), (counts.get(found.toLowerCase()) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, CORRECTIONS_SAID).map(([word]) => word)
}
