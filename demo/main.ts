// The page itself: which state the vault is in, which screen shows it, and the way from one to the next.

import { destroyVault, isVaultError, openVault, type UnlockedVault, type Vault } from 'sealed-vault'
import { startCare } from './care.js'
import { startChat } from './chat.js'
import { find, findIn, typed } from './dom.js'
import { startList } from './list.js'
import { startLoading } from './loading.js'
import { inWords, whyLocked } from './words.js'

const NAME = 'conversations'
const IDLE_MINUTES = 15

const createForm = find('create-form', HTMLFormElement)
const unlockForm = find('unlock-form', HTMLFormElement)
const acceptLoss = find('accept-loss', HTMLElement)
const lookingNote = find('looking-note', HTMLElement)
const warning = find('warning', HTMLElement)
const screens = [...document.querySelectorAll<HTMLElement>('[data-screen]')]
const unlockedScreen = screens.find((screen) => screen.dataset['screen'] === 'unlocked')!

/** The vault while it is not open. */
let closedVault: Vault | undefined
/** Somebody's password is being worked on: nothing else may change the screen. */
let working = false

function show(name: string): void {
  for (const screen of screens) screen.hidden = screen.dataset['screen'] !== name
  screens.find((screen) => !screen.hidden)?.querySelector<HTMLElement>('input[type=password]')?.focus()
}

/** Looks up the vault anew and shows what state it is in. */
async function look(): Promise<void> {
  try {
    await closedVault?.close()
    closedVault = undefined
    const vault = await openVault({ name: NAME, autoLock: { idleMs: IDLE_MINUTES * 60_000 } })
    closedVault = vault
    acceptLoss.hidden = true
    if (vault.state === 'unavailable') find('unavailable-reason', HTMLElement).textContent = inWords(vault.error)
    if (vault.state === 'wiped') find('wiped-reason', HTMLElement).textContent = inWipedWords(vault)
    show(vault.state)
  } catch (error) {
    lookingNote.textContent = inWords(error)
    show('looking')
  }
}

function inWipedWords({ reason, lastKnownCommit }: Vault & { readonly state: 'wiped' }): string {
  const known = lastKnownCommit === undefined ? '' : ` Its last known change had the number ${lastKnownCommit}.`
  const what = reason === 'database-empty' ? 'There was a vault here, but the browser has deleted what was stored.' : 'What opens the vault with your password is missing, so the rest cannot be read.'
  return `${what} Nothing was created in its place.${known}`
}

/** Runs what a form asks for, once at a time, and says in its note what went wrong. */
function onSubmit(form: HTMLFormElement, work: () => Promise<UnlockedVault | string>): void {
  const note = findIn(form, '.note', HTMLElement)
  const fields = findIn(form, 'fieldset', HTMLFieldSetElement)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void (async () => {
      // A form whose fields are disabled gives no values, so the work reads them before anything is awaited.
      const pending = work()
      working = true
      fields.disabled = true
      note.textContent = 'Working on the password; this takes a moment on purpose…'
      try {
        const result = await pending
        note.textContent = typeof result === 'string' ? result : ''
        if (typeof result !== 'string') {
          form.reset()
          enter(result)
        }
      } catch (error) {
        note.textContent = inWords(error)
        acceptLoss.hidden = !(isVaultError(error) && error.code === 'storage-lost')
        if (isVaultError(error) && error.code === 'conflict') await look()
      } finally {
        working = false
        fields.disabled = false
        if (!form.closest('section')!.hidden) findIn(form, 'input', HTMLInputElement).select()
      }
    })()
  })
}

onSubmit(createForm, async () => {
  const password = typed(createForm, 'password')
  if (password !== typed(createForm, 'again')) return 'The two passwords are not the same.'
  if (closedVault?.state !== 'empty') return 'There is a vault here already. Reload the page.'
  return closedVault.create(password)
})

onSubmit(unlockForm, async () => {
  const password = typed(unlockForm, 'password')
  if (closedVault?.state !== 'locked') return 'There is no locked vault here any more. Reload the page.'
  const started = performance.now()
  const vault = await closedVault.unlock(password, { acceptLoss: typed(unlockForm, 'accept') !== '' })
  performance.measure('unlock', { start: started })
  return vault
})

/** Shows an open vault until it locks, from wherever that comes. */
function enter(vault: UnlockedVault): void {
  closedVault = undefined
  const closed = new AbortController()
  const { signal } = closed
  vault.subscribe((event) => {
    if (event.kind === 'warning') {
      warning.textContent = inWords(event.error)
      warning.hidden = false
    }
    if (event.kind !== 'locked') return
    leave()
    find('lock-reason', HTMLElement).textContent = whyLocked(event.reason, IDLE_MINUTES)
    void look()
  })
  /** Takes everything off the screen at once; the lock itself may have writes to finish. */
  function leave(): void {
    closed.abort()
    warning.hidden = true
    lookingNote.textContent = 'Locking…'
    show('looking')
  }
  const toPane = (pane: string): void => void (unlockedScreen.dataset['pane'] = pane)
  const openChat = startChat(vault, signal)
  const showFacts = startCare(vault, signal)
  startLoading(vault, signal)
  startList(vault, signal, (session) => {
    toPane('chat')
    void openChat(session)
  })
  find('care-button', HTMLButtonElement).onclick = () => {
    toPane(unlockedScreen.dataset['pane'] === 'care' ? 'list' : 'care')
    void showFacts()
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>('.back')) button.onclick = () => toPane('list')
  find('lock-button', HTMLButtonElement).onclick = () => {
    leave()
    void vault.lock()
  }
  toPane('list')
  show('unlocked')
}

for (const button of document.querySelectorAll<HTMLButtonElement>('.look-again')) button.onclick = () => void look()

for (const part of document.querySelectorAll<HTMLDetailsElement>('.give-up')) {
  findIn(part, 'button', HTMLButtonElement).onclick = async () => {
    try {
      await closedVault?.close()
      await destroyVault(NAME)
      part.open = false
      await look()
    } catch (error) {
      findIn(part, '.note', HTMLElement).textContent = inWords(error)
    }
  }
}

// Another tab may have created, deleted or restored the vault while nobody looked at this one.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && closedVault !== undefined && !working) void look()
})

void look()
