// One chat: the newest messages first, older ones when asked for.

import type { Message, Session, UnlockedVault } from 'sealed-vault'
import { find, formatCount, formatNumber, formatTime, make } from './dom.js'
import { inWords } from './words.js'

const STEP = 20

const title = find('chat-title', HTMLElement)
const status = find('chat-status', HTMLElement)
const scroll = find('chat-scroll', HTMLElement)
const older = find('older', HTMLButtonElement)
const list = find('messages', HTMLElement)

/** Gives a function that shows the chat of a session; all of it is gone when `closed` is aborted. */
export function startChat(vault: UnlockedVault, closed: AbortSignal): (session: Session) => Promise<void> {
  let chatLogId: string | undefined
  let shown: readonly Message[] = []

  async function open(session: Session): Promise<void> {
    const started = performance.now()
    clear()
    title.textContent = session.title === '' ? 'Untitled' : session.title
    chatLogId = session.chatLogId
    if (chatLogId === undefined) {
      status.textContent = 'This conversation has no messages.'
      return
    }
    if (!(await fetchInto(chatLogId, (log) => vault.chatLogs.read(log, { limit: STEP })))) return
    scroll.scrollTop = scroll.scrollHeight
    performance.measure('open-chat', { start: started })
  }

  async function showOlder(): Promise<void> {
    const [first] = shown
    if (chatLogId === undefined || first === undefined) return
    older.disabled = true
    const fromBottom = scroll.scrollHeight - scroll.scrollTop
    await fetchInto(chatLogId, async (log) => [...(await vault.chatLogs.read(log, { before: first.number, limit: STEP })), ...shown])
    older.disabled = false
    scroll.scrollTop = scroll.scrollHeight - fromBottom
  }

  /** Reads and draws, unless another chat was chosen meanwhile. */
  async function fetchInto(log: string, read: (chatLogId: string) => Promise<readonly Message[]>): Promise<boolean> {
    try {
      const [messages, count] = await Promise.all([read(log), vault.chatLogs.count(log)])
      if (closed.aborted || log !== chatLogId) return false
      shown = messages
      older.hidden = messages.length >= count
      status.textContent = older.hidden ? formatCount(count, 'message') : `The latest ${formatNumber(messages.length)} of ${formatCount(count, 'message')}`
      list.replaceChildren(...messages.map((message, index) => item(message, messages[index - 1])))
      return true
    } catch (error) {
      if (!closed.aborted && log === chatLogId) status.textContent = inWords(error)
      return false
    }
  }

  /** Another tab may add to the chat on the screen. */
  async function follow(log: string): Promise<void> {
    const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40
    const [first] = shown
    await fetchInto(log, async (id) => {
      // Empty so far: whatever came is shown from its end.
      if (first === undefined) return vault.chatLogs.read(id, { limit: STEP })
      const last = shown.at(-1)!.number
      const newer = await vault.chatLogs.read(id, { after: last, limit: STEP })
      const present = await vault.chatLogs.read(id, { before: last + 1, limit: shown.length })
      return [...present, ...newer]
    })
    if (atEnd) scroll.scrollTop = scroll.scrollHeight
  }

  function clear(): void {
    chatLogId = undefined
    shown = []
    title.textContent = 'Choose a conversation'
    status.textContent = ''
    older.hidden = true
    list.replaceChildren()
  }

  clear()
  closed.addEventListener('abort', clear)
  older.addEventListener('click', () => void showOlder(), { signal: closed })
  closed.addEventListener('abort', vault.subscribe((event) => {
    if (event.kind === 'changed' && chatLogId !== undefined && event.chatLogIds.includes(chatLogId)) void follow(chatLogId)
  }))
  return open
}

function item(message: Message, before: Message | undefined): HTMLLIElement {
  const entry = make('li', `message ${message.type}`)
  const head = make('p', 'note')
  head.append(make('span', 'sender', message.senderId))
  const time = formatTime(message.timestamp)
  // A time is shown where it changes, as chats do.
  if (before === undefined || time !== formatTime(before.timestamp)) head.append(make('time', '', time))
  const content = make('p', 'content', message.content)
  content.dir = 'auto'
  entry.append(head, content)
  return entry
}
