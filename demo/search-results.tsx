// What a search found, by session: the best messages of each, with the words marked.

import type { SearchHit, SessionHits } from 'sealed-vault'
import { memo } from 'preact/compat'
import { formatCount, formatTime } from './format.js'
import { Marked } from './marked.js'

/** The ids that options of the list have in the document. */
export function hitId(hit: SearchHit | undefined): string | undefined {
  // Ids of chat logs may have spaces in them, ids of elements may not.
  return hit && `hit-${encodeURIComponent(hit.message.chatLogId)}-${hit.message.number}`
}

interface SearchResultsProps {
  readonly groups: readonly SessionHits[]
  /** The query whose results these are. */
  readonly query: string
  readonly active: string | undefined
  readonly onOpen: (hit: SearchHit) => void
}

export const SearchResults = memo(function SearchResults({ groups, query, active, onOpen }: SearchResultsProps) {
  return (
    <div id="results" role="listbox" aria-label="Messages found" data-query={query}>
      {groups.map((group) => (
        <Group key={group.chatLogId} group={group} active={group.hits.some((hit) => hitId(hit) === active) ? active : undefined} onOpen={onOpen} />
      ))}
    </div>
  )
})

/** Units of text before the first mark that two lines have room for, and those that are left when it stands farther back. */
const MOST_BEFORE = 60
const LEFT_BEFORE = 30

/** The snippet from a word shortly before its first mark: in the two lines that are shown it could be out of sight. */
function fromMark({ text, highlights }: SearchHit['snippet']): SearchHit['snippet'] {
  const first = highlights[0]?.start ?? 0
  const start = first <= MOST_BEFORE ? 0 : text.indexOf(' ', first - LEFT_BEFORE) + 1
  if (start === 0 || start > first) return { text, highlights }
  const lead = '… '
  const shift = lead.length - start
  return { text: lead + text.slice(start), highlights: highlights.map((range) => ({ start: range.start + shift, end: range.end + shift })) }
}

interface GroupProps {
  readonly group: SessionHits
  readonly active: string | undefined
  readonly onOpen: (hit: SearchHit) => void
}

const Group = memo(function Group({ group: { chatLogId, session, matches, hits }, active, onOpen }: GroupProps) {
  const heading = `found-${encodeURIComponent(chatLogId)}`
  return (
    <div role="group" class="group" aria-labelledby={heading} data-session={session?.id}>
      <p id={heading} class="group-head">
        <span class="title" dir="auto">
          {session === undefined || session.title === '' ? 'Untitled' : session.title}
        </span>
        <span class="note">{formatCount(matches, 'match', 'matches')}</span>
      </p>
      {hits.map((hit) => {
        const id = hitId(hit)!
        const { text, highlights } = fromMark(hit.snippet)
        return (
          <div key={hit.message.number} id={id} role="option" class="hit" aria-selected={id === active} onClick={() => onOpen(hit)}>
            <span class="snippet" dir="auto">
              <Marked text={text} ranges={highlights} />
            </span>
            <span class="note">
              <span class="sender">{hit.message.senderId}</span>
              <time>{formatTime(hit.message.timestamp)}</time>
            </span>
          </div>
        )
      })}
    </div>
  )
})
