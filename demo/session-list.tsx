// The list of sessions with its filter.

import type { Session, UnlockedVault } from 'sealed-vault'
import { memo } from 'preact/compat'
import { useState } from 'preact/hooks'
import { formatCount, formatNumber, formatTime } from './format.js'
import { useQuery } from './use-query.js'
import { inWords } from './words.js'

const STEP = 100

interface SessionListProps {
  readonly vault: UnlockedVault
  readonly current: string | undefined
  readonly onOpen: (session: Session) => void
}

export function SessionList({ vault, current, onOpen }: SessionListProps) {
  const [text, setText] = useState('')
  const [limit, setLimit] = useState(STEP)
  const { answer, error } = useQuery(
    {
      vault,
      concerns: ({ collections }) => collections.includes('sessions'),
      ask: async () => {
        // One more than is shown tells whether there are more.
        const [found, total] = await Promise.all([vault.sessions.list({ text, limit: limit + 1 }), vault.sessions.count()])
        return { shown: found.slice(0, limit), more: found.length > limit, total, limit, filtered: text.trim() !== '' }
      },
    },
    [text, limit],
  )
  const narrow = (value: string): void => {
    setText(value)
    setLimit(STEP)
  }
  return (
    <>
      <label>
        Filter <input type="search" id="filter" autocomplete="off" spellcheck={false} placeholder="part of a title or keyword" value={text} onInput={(event) => narrow(event.currentTarget.value)} />
      </label>
      <p id="list-status" class="note" role="status">
        {error === undefined ? answer && describe(answer) : inWords(error)}
      </p>
      <ul id="sessions">
        {answer?.shown.map((session) => (
          <Entry key={session.id} session={session} version={session.rev} current={session.id === current} onOpen={onOpen} />
        ))}
      </ul>
      {answer?.more === true && (
        <button type="button" onClick={() => setLimit(limit + STEP)}>
          Show more
        </button>
      )}
    </>
  )
}

interface Answer {
  readonly shown: readonly Session[]
  readonly more: boolean
  readonly total: number
  readonly limit: number
  readonly filtered: boolean
}

function describe({ shown, more, total, limit, filtered }: Answer): string {
  const all = formatCount(total, 'conversation')
  if (total === 0) return 'No conversations yet. Load a file, or begin one.'
  if (!filtered) return more ? `The latest ${formatNumber(limit)} of ${all}` : all
  return more ? `More than ${formatNumber(limit)} of ${all} match; these are the latest` : `${formatNumber(shown.length)} of ${all} match`
}

interface EntryProps {
  readonly session: Session
  /** The session's `rev`: what it shows changes only with it, or with its messages. */
  readonly version: number
  readonly current: boolean
  readonly onOpen: (session: Session) => void
}

const Entry = memo(
  function Entry({ session, current, onOpen }: EntryProps) {
    const facts = [formatTime(session.lastActivityAt), formatCount(session.messageCount, 'message'), ...session.keywords]
    return (
      <li>
        <button type="button" class="session" data-session={session.id} aria-current={current ? 'true' : undefined} onClick={() => onOpen(session)}>
          <span class="title" dir="auto">
            {session.title === '' ? 'Untitled' : session.title}
          </span>
          <span class="note">{facts.join(' · ')}</span>
        </button>
      </li>
    )
  },
  (before, after) =>
    before.session.id === after.session.id &&
    before.version === after.version &&
    before.current === after.current &&
    before.session.messageCount === after.session.messageCount &&
    before.session.lastActivityAt === after.session.lastActivityAt &&
    before.session.title === after.session.title,
)
