// The open vault: the list beside a chat or the settings; on a narrow screen one of them at a time.

import type { SearchHit, Session, UnlockedVault } from 'sealed-vault'
import { useEffect, useRef, useState } from 'preact/hooks'
import { BackupReminder } from './backup/reminder.js'
import { TaskScreen } from './backup/task-screen.js'
import type { BackupTask } from './backup/tasks.js'
import { ChatView } from './chat-view.js'
import { KeysReminder } from './keys/keys-reminder.js'
import { LoadPart } from './load-part.js'
import { SearchPart } from './search-part.js'
import { SessionList } from './session-list.js'
import { Settings } from './settings.js'
import { inWords } from './words.js'

/** `found` is the message that a search led to, `opening` tells one way there from the next. */
type Pane =
  | { readonly kind: 'list' }
  | { readonly kind: 'chat'; readonly sessionId: string; readonly found?: SearchHit; readonly opening?: number }
  | { readonly kind: 'settings'; readonly toKeys?: boolean }
  | { readonly kind: 'task'; readonly task: BackupTask }

const LEFT = 'The file was not finished, because you left the page that was writing it. Nothing was saved.'

/** How this page names the two who talk in conversations that are made here. */
const PARTICIPANTS = ['you', 'guide']

export function OpenScreen({ vault, notice = '' }: { readonly vault: UnlockedVault; /** What there is to say at once. */ readonly notice?: string | undefined }) {
  // Kept here alone: an address with an id in it would lie in the browser's history, in clear.
  const [pane, setPane] = useState<Pane>({ kind: 'list' })
  const [warning, setWarning] = useState(notice)
  const toList = (): void => setPane({ kind: 'list' })
  const toSettings = (): void => setPane({ kind: 'settings' })
  const toKeys = (): void => setPane({ kind: 'settings', toKeys: true })
  const toTask = (task: BackupTask): void => {
    setWarning((shown) => (shown === LEFT || shown === notice ? '' : shown))
    setPane({ kind: 'task', task })
  }

  useEffect(
    () =>
      vault.subscribe((event) => {
        if (event.kind === 'warning') setWarning(inWords(event.error))
      }),
    [vault],
  )

  function begin(): void {
    vault.sessions.create({ participants: PARTICIPANTS }).then(
      (session) => setPane({ kind: 'chat', sessionId: session.id }),
      (error: unknown) => setWarning(inWords(error)),
    )
  }

  const open = (session: Session): void => setPane({ kind: 'chat', sessionId: session.id })
  const openings = useRef(0)
  const openFound = (found: SearchHit): void => {
    if (found.session !== undefined) setPane({ kind: 'chat', sessionId: found.session.id, found, opening: ++openings.current })
  }
  const sessionId = pane.kind === 'chat' ? pane.sessionId : undefined
  const listPane = useRef<HTMLElement>(null)
  /** On a narrow screen it may be that the list is not on it. */
  const showList = (): void => {
    if (listPane.current?.checkVisibility() === false) toList()
  }
  return (
    <div data-screen="unlocked" data-pane={pane.kind}>
      <header>
        <h1>Sealed conversations</h1>
        <button type="button" onClick={begin}>
          New
        </button>
        <button type="button" aria-pressed={pane.kind === 'settings'} onClick={pane.kind === 'settings' ? toList : toSettings}>
          Settings
        </button>
        <button type="button" onClick={() => void vault.lock()}>
          Lock
        </button>
      </header>
      {warning !== '' && (
        <p id="warning" role="alert">
          {warning}
        </p>
      )}
      <nav id="list-pane" aria-label="Conversations" ref={listPane}>
        <SearchPart vault={vault} sessionId={sessionId} onOpen={openFound} onWanted={showList}>
          <LoadPart vault={vault} />
          <SessionList vault={vault} current={sessionId} onOpen={open} />
          {/* Last: it comes a moment later, and nothing that somebody is about to press may move away under it. */}
          <div class="reminders">
            <KeysReminder vault={vault} isInSettings={pane.kind === 'settings'} onKeys={toKeys} />
            <BackupReminder vault={vault} task={pane.kind === 'task' ? pane.task : undefined} onTask={toTask} />
          </div>
        </SearchPart>
      </nav>
      <main id="main-pane">
        {pane.kind === 'settings' && <Settings vault={vault} onBack={toList} onTask={toTask} toKeys={pane.toKeys} />}
        {pane.kind === 'task' && <TaskScreen key={pane.task} vault={vault} task={pane.task} onBack={toSettings} onLeft={() => setWarning(LEFT)} />}
        {pane.kind === 'chat' && <ChatView key={`${pane.opening ?? ''} ${pane.sessionId}`} vault={vault} sessionId={pane.sessionId} found={pane.found} onBack={toList} />}
        {pane.kind === 'list' && <p class="hint">Choose a conversation, or begin a new one.</p>}
      </main>
    </div>
  )
}
