// The page itself: which state the vault is in, which screen shows it, and the way from one to the next.

import { destroyVault, isVaultError, openVault, type LockedVault, type Secret, type UnlockedVault, type Vault } from 'sealed-vault'
import { useEffect, useRef, useState } from 'preact/hooks'
import { DEFAULT_IDLE_MINUTES, followIdleMinutes } from './auto-lock.js'
import { LookingScreen, NewerScreen, UnavailableScreen, WipedScreen } from './closed-screens.js'
import { clearHeldFiles } from './backup/held-file.js'
import { dismissReminder } from './backup/reminder.js'
import { restore, type Restored } from './backup/restore.js'
import { CreateScreen } from './create-screen.js'
import { LockSoon } from './lock-soon.js'
import { NewPasswordScreen } from './new-password-screen.js'
import { OpenScreen } from './open-screen.js'
import { RecoveryOffer } from './recovery-offer.js'
import { RestoreScreen } from './restore-screen.js'
import { noteSharing, readShareUnlock, writeShareUnlock } from './share-unlock.js'
import { UnlockScreen } from './unlock-screen.js'
import { inWords, whyLocked } from './words.js'

const NAME = 'conversations'
/** Then the page suggests new keys. */
const KEYS_ARE_OLD_MS = 365 * 86_400_000
/** As they are to be now: one of them can be chosen. */
const optionsNow = () => ({ name: NAME, autoLock: { idleMs: DEFAULT_IDLE_MINUTES * 60_000 }, rotation: { dueAfterMs: KEYS_ARE_OLD_MS }, shareUnlock: readShareUnlock() })

const CUT_OFF = 'The restore was cut off on the way: a part of the backup is missing here. “Restore from a backup” in the settings brings the rest from the same file.'

type Shown =
  | { readonly screen: 'looking'; readonly note: string }
  | { readonly screen: 'closed'; readonly vault: Vault; readonly note: string; readonly waysIn: readonly string[] }
  /** `from` is the state of what is there. */
  | { readonly screen: 'restore'; readonly from: Vault['state'] }
  | ({ readonly screen: 'open'; readonly vault: UnlockedVault } & Entrance)

/** How somebody came in, as long as something is to be done about it. */
interface Entrance {
  /** It opened the vault, and there is no new password yet. */
  readonly recoveryCode?: string | undefined
  /** It made the vault, and nobody has said yet what is to be done for the day on which it is forgotten. */
  readonly madeWith?: Secret | undefined
  readonly notice?: string | undefined
}

export function App() {
  const [shown, setShown] = useState<Shown>({ screen: 'looking', note: 'Looking for the vault…' })
  const closedVault = useRef<Vault | undefined>(undefined)
  /** Somebody's password is being worked on: nothing else may change the screen. */
  const working = useRef(false)
  const options = useRef(optionsNow())

  /** Looks up the vault anew and shows what state it is in. */
  async function look(note = '', isFirst = false): Promise<void> {
    try {
      await closedVault.current?.close()
      closedVault.current = undefined
      options.current = optionsNow()
      const vault = await openVault(options.current)
      closedVault.current = vault
      // What cannot be read is the business of the unlock, which has copies.
      const waysIn = vault.state === 'locked' ? await vault.waysIn().catch(() => []) : []
      // After a lock somebody has to come; a page that was just loaded opens by itself where its user wanted that.
      if (vault.state === 'locked' && isFirst && (await openUnasked(vault, waysIn))) return
      setShown({ screen: 'closed', vault, note, waysIn })
    } catch (error) {
      setShown({ screen: 'looking', note: inWords(error) })
    }
  }

  /** @returns whether the screen shows something else than the question for a password now */
  async function openUnasked(vault: LockedVault, waysIn: readonly string[]): Promise<boolean> {
    if (waysIn.includes('device') && (await unlock(vault, { device: true }, false)) === undefined) return true
    if (options.current.shareUnlock && closedVault.current === vault) {
      setShown({ screen: 'looking', note: 'Asking the other tabs…' })
      // Where none of them has the vault open the password is asked for.
      const error = await open(() => vault.join())
      // Locked while it was being opened: that vault is spent.
      if (isVaultError(error) && error.code === 'locked') await look(whyLocked('other-tab', 0))
    }
    // Opened, or looked up anew.
    return closedVault.current !== vault
  }

  /** Shows an open vault until it locks, from wherever that comes. */
  function enter(vault: UnlockedVault, entrance: Entrance = {}): void {
    closedVault.current = undefined
    noteSharing(vault, options.current.shareUnlock)
    const idleMinutes = followIdleMinutes(vault)
    vault.subscribe((event) => {
      // Off the screen at once; the lock itself may have writes to finish.
      if (event.kind === 'locking') setShown({ screen: 'looking', note: 'Locking…' })
      if (event.kind === 'locked') void look(whyLocked(event.reason, idleMinutes()))
    })
    setShown({ screen: 'open', vault, ...entrance })
  }

  /** Runs what needs a password; resolves to what there is to say, or to nothing when the vault is open. */
  async function open(work: () => Promise<UnlockedVault>, entrance?: Entrance): Promise<unknown> {
    working.current = true
    try {
      enter(await work(), entrance)
      return undefined
    } catch (error) {
      if (isVaultError(error) && error.code === 'conflict') await look(inWords(error))
      return error
    } finally {
      working.current = false
    }
  }

  const unlock = (vault: LockedVault, secret: Secret, acceptLoss: boolean): Promise<unknown> =>
    open(() => timed('unlock', () => vault.unlock(secret, { acceptLoss })), typeof secret === 'object' && 'recoveryCode' in secret ? secret : {})

  /** Lets go of the vault: what takes its place could not come while this page holds it. */
  async function beginRestore(from: Vault['state']): Promise<void> {
    await closedVault.current?.close()
    closedVault.current = undefined
    setShown({ screen: 'restore', from })
  }

  function endRestore(restored: Restored): void {
    if (restored.is === 'open') enter(restored.vault, restored.isWhole ? {} : { notice: CUT_OFF })
    else void look(`What was here is deleted, but the backup did not come in its place: ${inWords(restored.error)} Try again with the same file.`)
  }

  async function destroy(): Promise<void> {
    await closedVault.current?.close()
    await destroyVault(NAME)
    // The next one begins as if there had been none.
    if (readShareUnlock()) writeShareUnlock(false)
    await look()
  }

  /** What comes first in an open vault. */
  function openScreen(now: Shown & { readonly screen: 'open' }) {
    const { vault, recoveryCode, madeWith, notice } = now
    // It may have been locked while the password was changed.
    const goOn = (): void => setShown((shownNow) => (shownNow === now ? { screen: 'open', vault } : shownNow))
    if (recoveryCode !== undefined) return <NewPasswordScreen vault={vault} recoveryCode={recoveryCode} onDone={goOn} />
    if (madeWith === undefined) return <OpenScreen vault={vault} notice={notice} />
    const answered = (isMade: boolean): void => {
      if (!isMade) dismissReminder('recovery-code')
      goOn()
    }
    return <RecoveryOffer vault={vault} secret={madeWith} onDone={answered} />
  }

  useEffect(() => {
    void look('', true)
    void clearHeldFiles(Date.now())
    // Another tab may have created, deleted or restored the vault while nobody looked at this one.
    const returned = (): void => {
      if (!document.hidden && closedVault.current !== undefined && !working.current) void look()
    }
    document.addEventListener('visibilitychange', returned)
    return () => document.removeEventListener('visibilitychange', returned)
  }, [])

  if (shown.screen === 'looking') return <LookingScreen note={shown.note} />
  if (shown.screen === 'open') {
    return (
      <>
        <LockSoon vault={shown.vault} />
        {openScreen(shown)}
      </>
    )
  }
  if (shown.screen === 'restore') {
    const { from } = shown
    return <RestoreScreen from={from} onRestore={(request, workOptions) => restore((options.current = optionsNow()), from, request, workOptions)} onEnd={endRestore} onBack={() => void look()} />
  }
  const { vault, note, waysIn } = shown
  const toRestore = (): void => void beginRestore(vault.state)
  const lookAgain = (): void => void look()
  switch (vault.state) {
    case 'empty':
      return <CreateScreen note={note} onCreate={(secret) => open(() => vault.create(secret), typeof secret === 'string' ? { madeWith: secret } : {})} onRestore={toRestore} />
    case 'locked':
      return <UnlockScreen note={note} waysIn={waysIn} onUnlock={(secret, acceptLoss) => unlock(vault, secret, acceptLoss)} onRestore={toRestore} onDestroy={destroy} />
    case 'wiped':
      return <WipedScreen vault={vault} onLookAgain={lookAgain} onRestore={toRestore} onForget={destroy} />
    case 'newer':
      return <NewerScreen onLookAgain={lookAgain} />
    case 'unavailable':
      return <UnavailableScreen error={vault.error} onLookAgain={lookAgain} onRestore={toRestore} />
  }
}

/** Leaves how long it took where the browser's developer tools show it. */
async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now()
  const result = await work()
  performance.measure(name, { start: started })
  return result
}
