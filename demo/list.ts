// The list of sessions with its filter.

import type { Session, UnlockedVault } from 'sealed-vault'
import { find, formatCount, formatNumber, formatTime, make } from './dom.js'
import { inWords } from './words.js'

const STEP = 100

const filter = find('filter', HTMLInputElement)
const status = find('list-status', HTMLElement)
const list = find('sessions', HTMLElement)
const more = find('list-more', HTMLButtonElement)

/** Shows the sessions until `closed` is aborted, then nothing. A click on one calls `open`. */
export function startList(vault: UnlockedVault, closed: AbortSignal, open: (session: Session) => void): void {
  let limit = STEP
  let current = ''
  let running = false
  let stale = false

  async function refresh(): Promise<void> {
    stale = true
    if (running) return
    running = true
    try {
      // Changes come faster than they can be shown: however many came meanwhile, one more look is enough.
      while (stale && !closed.aborted) {
        stale = false
        const text = filter.value
        const [found, total] = await Promise.all([vault.sessions.list({ text, limit: limit + 1 }), vault.sessions.count()])
        if (!closed.aborted) draw(found, total, text.trim() !== '')
      }
    } catch (error) {
      if (!closed.aborted) status.textContent = inWords(error)
    } finally {
      running = false
    }
  }

  function draw(found: readonly Session[], total: number, filtered: boolean): void {
    const shown = found.slice(0, limit)
    list.replaceChildren(...shown.map(item))
    more.hidden = found.length <= limit
    if (total === 0) status.textContent = 'No conversations yet. Load a file to begin.'
    else if (!filtered) status.textContent = more.hidden ? formatCount(total, 'conversation') : `The latest ${formatNumber(limit)} of ${formatCount(total, 'conversation')}`
    else status.textContent = more.hidden ? `${formatNumber(found.length)} of ${formatCount(total, 'conversation')} match` : `More than ${formatNumber(limit)} of ${formatCount(total, 'conversation')} match; these are the latest`
  }

  function item(session: Session): HTMLLIElement {
    const button = make('button', 'session')
    button.type = 'button'
    button.dataset['session'] = session.id
    if (session.id === current) button.setAttribute('aria-current', 'true')
    const title = make('span', 'title', session.title === '' ? 'Untitled' : session.title)
    title.dir = 'auto'
    const facts = [formatTime(session.lastActivityAt), formatCount(session.messageCount, 'message'), ...session.keywords]
    button.append(title, make('span', 'note', facts.join(' · ')))
    button.addEventListener('click', () => {
      current = session.id
      for (const other of list.querySelectorAll('[aria-current]')) other.removeAttribute('aria-current')
      button.setAttribute('aria-current', 'true')
      open(session)
    })
    const entry = make('li', '')
    entry.append(button)
    return entry
  }

  function clear(): void {
    filter.value = ''
    status.textContent = ''
    more.hidden = true
    list.replaceChildren()
  }

  clear()
  closed.addEventListener('abort', clear)
  const narrow = (): void => {
    limit = STEP
    void refresh()
  }
  const widen = (): void => {
    limit += STEP
    void refresh()
  }
  filter.addEventListener('input', narrow, { signal: closed })
  more.addEventListener('click', widen, { signal: closed })
  closed.addEventListener('abort', vault.subscribe((event) => {
    if (event.kind === 'changed' && event.collections.includes('sessions')) void refresh()
  }))
  void refresh()
}
