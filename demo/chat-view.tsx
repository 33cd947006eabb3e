// One chat: the newest messages first, older ones as somebody scrolls up to them.

import type { Message, Session, UnlockedVault } from 'sealed-vault'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { Composer } from './composer.js'
import { formatCount, formatNumber, formatTime } from './format.js'
import { GiveUp } from './give-up.js'
import { useQuery } from './use-query.js'
import { inWords } from './words.js'

const STEP = 40
/** Older messages are fetched when less than this is left above, in px. */
const NEAR_TOP = 600
const NEAR_END = 60

interface ChatViewProps {
  readonly vault: UnlockedVault
  readonly sessionId: string
  readonly onBack: () => void
}

interface Stretch {
  readonly session: Session
  readonly messages: readonly Message[]
  readonly count: number
}

export function ChatView({ vault, sessionId, onBack }: ChatViewProps) {
  const opened = useRef(performance.now())
  /** The first message shown, by its number; undefined for the newest stretch. */
  const first = useRef<number | undefined>(undefined)
  const log = useRef<string | undefined>(undefined)
  const scroll = useRef<HTMLDivElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const { answer, error, refresh } = useQuery<Stretch>(
    {
      vault,
      // A change without messages may be of the session itself.
      concerns: ({ chatLogIds }) => chatLogIds.length === 0 || chatLogIds.some((id) => id === log.current),
      ask: () => readStretch(vault, sessionId, first.current),
    },
    [],
  )
  const messages = answer?.messages ?? []
  // From now on what is shown grows at both ends.
  first.current ??= messages[0]?.number
  log.current = answer?.session.chatLogId
  const more = answer !== undefined && messages.length < answer.count

  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  useEffect(() => {
    if (answer !== undefined) performance.measure('open-chat', { start: opened.current })
  }, [answer === undefined])
  useKeptPlace(scroll, messages)

  function fetchOlder(): void {
    const box = scroll.current
    if (box === null || !more || messages.length === 0 || box.scrollTop > NEAR_TOP) return
    first.current = Math.max(0, messages[0]!.number - STEP)
    refresh()
  }
  // A tall window may show all there is and leave nothing to scroll.
  useEffect(fetchOlder, [messages])

  const title = answer === undefined ? '' : answer.session.title || 'Untitled'
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
      <div id="chat-scroll" ref={scroll} tabIndex={0} role="region" aria-labelledby="chat-title" onScroll={fetchOlder}>
        <ol id="messages">
          {messages.map((message, index) => (
            <Entry key={message.number} message={message} before={messages[index - 1]} />
          ))}
        </ol>
      </div>
      {answer?.session.chatLogId !== undefined && <Composer vault={vault} chatLogId={answer.session.chatLogId} />}
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

/** All messages from a place to the end, or the newest ones. */
async function readStretch(vault: UnlockedVault, sessionId: string, from: number | undefined): Promise<Stretch> {
  const session = await vault.sessions.get(sessionId)
  if (session === undefined) throw new Error('this conversation was deleted')
  const log = session.chatLogId
  if (log === undefined) return { session, messages: [], count: 0 }
  const [messages, count] = await Promise.all([vault.chatLogs.read(log, from === undefined ? { limit: STEP } : { after: from - 1, limit: Number.MAX_SAFE_INTEGER }), vault.chatLogs.count(log)])
  return { session, messages, count }
}

function describe({ messages, count }: Stretch): string {
  if (messages.length >= count) return formatCount(count, 'message')
  return `The latest ${formatNumber(messages.length)} of ${formatCount(count, 'message')}`
}

/** Keeps what somebody reads where it is: at the end when they were at the end, else at the same message. */
function useKeptPlace(scroll: { readonly current: HTMLDivElement | null }, messages: readonly Message[]): void {
  const before = useRef<{ first: number | undefined; height: number; atEnd: boolean }>({ first: undefined, height: 0, atEnd: true })
  const box = scroll.current
  // Taken while the old messages are still on the screen.
  if (box !== null) before.current = { first: before.current.first, height: box.scrollHeight, atEnd: box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END }
  useLayoutEffect(() => {
    const shown = scroll.current
    if (shown === null || messages.length === 0) return
    const first = messages[0]!.number
    const grewAbove = before.current.first !== undefined && first < before.current.first
    if (grewAbove) shown.scrollTop += shown.scrollHeight - before.current.height
    else if (before.current.atEnd || before.current.first === undefined) shown.scrollTop = shown.scrollHeight
    before.current.first = first
  }, [messages])
}

function Entry({ message, before }: { readonly message: Message; readonly before: Message | undefined }) {
  const time = formatTime(message.timestamp)
  return (
    <li class={`message ${message.type}`}>
      <p class="note">
        <span class="sender">{message.senderId}</span>
        {/* A time is shown where it changes, as chats do. */}
        {(before === undefined || formatTime(before.timestamp) !== time) && <time>{time}</time>}
      </p>
      <p class="content" dir="auto">
        {message.content}
      </p>
    </li>
  )
}
