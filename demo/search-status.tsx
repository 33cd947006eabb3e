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
        {found !== undefined && !problem && (found.error === undefined ? describe(found) : inSearchWords(found.error))}
        {corrections.length > 0 && (
          <>
            {' '}
            Showing results for{' '}
            {corrections.map((word, index) => [index === 0 ? '' : ', ', <strong>{word}</strong>])}.
          </>
        )}
      </p>
      {problem && <p role="alert">{inSearchWords(found.error)}</p>}
    </>
  )
}

function describe(found: Found): string {
  const { groups } = found
  const typed = typedOf(found)
  if (typed.length > 0) return `No message has ${typed.map((word) => `“${word}”`).join(', ')}.`
  if (groups.length === 0) return 'No message has this.'
  const matches = groups.reduce((sum, group) => sum + group.matches, 0)
  if (groups.length < SESSIONS_SHOWN) return `${formatCount(matches, 'match', 'matches')} in ${formatCount(groups.length, 'conversation')}`
  return `${formatCount(matches, 'match', 'matches')} in the first ${formatCount(groups.length, 'conversation')}`
}

/** Words that nothing has as they were typed. */
function typedOf({ groups }: Found): readonly string[] {
  return [...new Set(groups.flatMap(({ hits }) => hits.flatMap(({ corrections = [] }) => corrections.map(({ typed }) => typed))))]
}

const CORRECTIONS_SAID = 3

/** What they were taken for, the word that most of the messages have first. */
function correctionsOf({ groups }: Found): readonly string[] {
  const counts = new Map<string, number>()
  for (const { hits } of groups) for (const { corrections = [] } of hits) for (const { found } of corrections) counts.set(found.toLowerCase(), (counts.get(found.toLowerCase()) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, CORRECTIONS_SAID).map(([word]) => word)
}
