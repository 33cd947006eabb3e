// One chat: its newest messages first, or those around one that was found; more of them as somebody scrolls up or down to them.

import type { Message, SearchHit, UnlockedVault } from 'sealed-vault'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { Composer } from './composer.js'
import { formatCount, formatNumber, formatTime } from './format.js'
import { GiveUp } from './give-up.js'
import { useKeptPlace } from './kept-place.js'
import { Marked } from './marked.js'
import { type Range, readStretch, STEP, type Stretch } from './stretch.js'
import { useQuery } from './use-query.js'
import { inWords } from './words.js'

/** More messages are fetched when less than this is left above or below, in px. */
const NEAR_EDGE = 600

interface ChatViewProps {
  readonly vault: UnlockedVault
  readonly sessionId: string
  /** The message to show; the newest ones when left out. */
  readonly found?: SearchHit | undefined
  readonly onBack: () => void
}

export function ChatView({ vault, sessionId, found, onBack }: ChatViewProps) {
  const opened = useRef(performance.now())
  const range = useRef<Range>(found === undefined ? { kind: 'newest' } : { kind: 'around', number: found.message.number })
  const log = useRef<string | undefined>(undefined)
  const scroll = useRef<HTMLDivElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const foundEntry = useRef<HTMLLIElement>(null)
  const { answer, error, refresh } = useQuery<Stretch>(
    {
      vault,
      // A change without messages may be of the session itself.
      concerns: ({ chatLogIds }) => chatLogIds.length === 0 || chatLogIds.some((id) => id === log.current),
      ask: async () => {
        const asked = range.current
        const stretch = await readStretch(vault, sessionId, asked, found?.message.chatLogId)
        // From now on what is shown grows at both ends. Somebody who scrolled meanwhile has asked for more already.
        if (range.current === asked) range.current = stretch.range
        return stretch
      },
    },
    [],
  )
  const messages = answer?.messages ?? []
  log.current = answer?.chatLogId

  useLayoutEffect(() => {
    if (found === undefined) heading.current?.focus({ preventScroll: true })
  }, [])
  useEffect(() => {
    if (answer === undefined) return
    // Whoever opened a message reads on from there, also with a screen reader.
    foundEntry.current?.focus({ preventScroll: true })
    performance.measure('open-chat', { start: opened.current })
  }, [answer === undefined])
  useKeptPlace(scroll, answer)

  function fetchMore(): void {
    const box = scroll.current
    if (box === null || answer === undefined || messages.length === 0 || range.current !== answer.range) return
    const { first, last } = answer.range
    const older = first > 0 && box.scrollTop <= NEAR_EDGE
    const newer = last !== undefined && box.scrollHeight - box.scrollTop - box.clientHeight <= NEAR_EDGE
    if (!older && !newer) return
    range.current = { kind: 'between', first: older ? Math.max(0, first - STEP) : first, last: newer ? last + STEP : last }
    refresh()
  }
  // A tall window may show all there is and leave nothing to scroll.
  useEffect(fetchMore, [answer])

  function toNewest(): void {
    range.current = { kind: 'newest' }
    refresh()
  }

  const title = answer === undefined ? '' : answer.session.title || 'Untitled'
  const apart = answer?.range.last !== undefined
  return (
    <>
      <div class="pane-head">
        <button type="button" class="back" onClick={onBack}>
          Back to the list
        </button>
        <h2 id="chat-title" dir="auto" tabIndex={-1} ref={heading}>
          {title}
        </h2>
        <p id="chat-status" class="note" role="status">
          {error === undefined ? answer && describe(answer) : inWords(error)}
        </p>
      </div>
      {/* Without a focusable box a keyboard could not scroll. */}
      <div id="chat-scroll" ref={scroll} tabIndex={0} role="region" aria-labelledby="chat-title" onScroll={fetchMore}>
        <ol id="messages">
          {messages.map((message, index) => {
            const isFound = message.number === found?.message.number
            return <Entry key={message.number} message={message} before={messages[index - 1]} found={isFound ? found : undefined} entry={isFound ? foundEntry : undefined} />
          })}
        </ol>
      </div>
      {apart && (
        <button type="button" id="to-newest" onClick={toNewest}>
          To the newest messages
        </button>
      )}
      {answer?.chatLogId !== undefined && <Composer vault={vault} chatLogId={answer.chatLogId} onSend={apart ? toNewest : undefined} />}
      {answer !== undefined && (
        <div class="chat-foot">
          <GiveUp
            summary="Delete this conversation"
            warning="All its messages go with it. There is no way back."
            action="Delete the conversation"
            onGiveUp={async () => {
              await vault.sessions.delete(sessionId)
              onBack()
            }}
          />
        </div>
      )}
    </>
  )
}

function describe({ messages, count, range }: Stretch): string {
  if (messages.length >= count) return formatCount(count, 'message')
  const shown = `${formatNumber(messages.length)} of ${formatCount(count, 'message')}`
  return range.last === undefined ? `The latest ${shown}` : shown
}

interface EntryProps {
  readonly message: Message
  readonly before: Message | undefined
  /** Given to the message that was found. */
  readonly found: SearchHit | undefined
  readonly entry: { current: HTMLLIElement | null } | undefined
}

function Entry({ message, before, found, entry }: EntryProps) {
  const time = formatTime(message.timestamp)
  // What was changed since has other words in those places.
  const ranges = found?.message.content === message.content ? found.highlights : []
  return (
    <li class={`message ${message.type}${found === undefined ? '' : ' found'}`} ref={entry ?? null} tabIndex={found === undefined ? undefined : -1}>
      <p class="note">
        <span class="sender">{message.senderId}</span>
        {/* A time is shown where it changes, as chats do. */}
        {(before === undefined || formatTime(before.timestamp) !== time) && <time>{time}</time>}
      </p>
      <p class="content" dir="auto">
        {ranges.length === 0 ? message.content : <Marked text={message.content} ranges={ranges} />}
      </p>
    </li>
  )
}
