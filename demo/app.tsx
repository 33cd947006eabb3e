// The page itself: which state the vault is in, which screen shows it, and the way from one to the next.

import { destroyVault, isVaultError, openVault, type LockedVault, type Secret, type UnlockedVault, type Vault } from 'sealed-vault'
import { useEffect, useRef, useState } from 'preact/hooks'
import { DEFAULT_IDLE_MINUTES, followIdleMinutes } from './auto-lock.js'
import { LookingScreen, NewerScreen, UnavailableScreen, WipedScreen } from './closed-screens.js'
import { clearHeldFiles } from './backup/held-file.js'
import { restore, type Restored } from './backup/restore.js'
import { CreateScreen } from './create-screen.js'
import { NewPasswordScreen } from './new-password-screen.js'
import { OpenScreen } from './open-screen.js'
import { RestoreScreen } from './restore-screen.js'
import { UnlockScreen } from './unlock-screen.js'
import { inWords, whyLocked } from './words.js'

const NAME = 'conversations'
/** Then the page suggests new keys. */
const KEYS_ARE_OLD_MS = 365 * 86_400_000
const OPTIONS = { name: NAME, autoLock: { idleMs: DEFAULT_IDLE_MINUTES * 60_000 }, rotation: { dueAfterMs: KEYS_ARE_OLD_MS } }

const CUT_OFF = 'The restore was cut off on the way: a part of the backup is missing here. “Restore from a backup” in the settings brings the rest from the same file.'

type Shown =
  | { readonly screen: 'looking'; readonly note: string }
  | { readonly screen: 'closed'; readonly vault: Vault; readonly note: string; readonly waysIn: readonly string[] }
  /** `from` is the state of what is there. */
  | { readonly screen: 'restore'; readonly from: Vault['state'] }
  /** `recoveryCode` is what opened it, until there is a new password. */
  | { readonly screen: 'open'; readonly vault: UnlockedVault; readonly recoveryCode?: string | undefined; readonly notice?: string | undefined }

export function App() {
  const [shown, setShown] = useState<Shown>({ screen: 'looking', note: 'Looking for the vault…' })
  const closedVault = useRef<Vault | undefined>(undefined)
  /** Somebody's password is being worked on: nothing else may change the screen. */
  const working = useRef(false)

  /** Looks up the vault anew and shows what state it is in. */
  async function look(note = '', isFirst = false): Promise<void> {
    try {
      await closedVault.current?.close()
      closedVault.current = undefined
      const vault = await openVault(OPTIONS)
      closedVault.current = vault
      // What cannot be read is the business of the unlock, which has copies.
      const waysIn = vault.state === 'locked' ? await vault.waysIn().catch(() => []) : []
      // After a lock somebody has to come; a page that was just loaded opens by itself where its user wanted that.
      if (vault.state === 'locked' && isFirst && waysIn.includes('device') && (await unlock(vault, { device: true }, false)) === undefined) return
      setShown({ screen: 'closed', vault, note, waysIn })
    } catch (error) {
      setShown({ screen: 'looking', note: inWords(error) })
    }
  }

  /** Shows an open vault until it locks, from wherever that comes. */
  function enter(vault: UnlockedVault, recoveryCode?: string, notice?: string): void {
    closedVault.current = undefined
    const idleMinutes = followIdleMinutes(vault)
    vault.subscribe((event) => {
      // Off the screen at once; the lock itself may have writes to finish.
      if (event.kind === 'locking') setShown({ screen: 'looking', note: 'Locking…' })
      if (event.kind === 'locked') void look(whyLocked(event.reason, idleMinutes()))
    })
    setShown({ screen: 'open', vault, recoveryCode, notice })
  }

  /** Runs what needs a password; resolves to what there is to say, or to nothing when the vault is open. */
  async function open(work: () => Promise<UnlockedVault>, recoveryCode?: string): Promise<unknown> {
    working.current = true
    try {
      enter(await work(), recoveryCode)
      return undefined
    } catch (error) {
      if (isVaultError(error) && error.code === 'conflict') await look(inWords(error))
      return error
    } finally {
      working.current = false
    }
  }

  const unlock = (vault: LockedVault, secret: Secret, acceptLoss: boolean): Promise<unknown> =>
    open(() => timed('unlock', () => vault.unlock(secret, { acceptLoss })), typeof secret === 'object' && 'recoveryCode' in secret ? secret.recoveryCode : undefined)

  /** Lets go of the vault: what takes its place could not come while this page holds it. */
  async function beginRestore(from: Vault['state']): Promise<void> {
    await closedVault.current?.close()
    closedVault.current = undefined
    setShown({ screen: 'restore', from })
  }

  function endRestore(restored: Restored): void {
    if (restored.is === 'open') enter(restored.vault, undefined, restored.isWhole ? undefined : CUT_OFF)
    else void look(`What was here is deleted, but the backup did not come in its place: ${inWords(restored.error)} Try again with the same file.`)
  }

  async function destroy(): Promise<void> {
    await closedVault.current?.close()
    await destroyVault(NAME)
    await look()
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
    const { vault, recoveryCode } = shown
    if (recoveryCode === undefined) return <OpenScreen vault={vault} notice={shown.notice} />
    // It may have been locked while the password was changed.
    const goOn = (): void => setShown((now) => (now === shown ? { screen: 'open', vault } : now))
    return <NewPasswordScreen vault={vault} recoveryCode={recoveryCode} onDone={goOn} />
  }
  if (shown.screen === 'restore') {
    const { from } = shown
    return <RestoreScreen from={from} onRestore={(request, options) => restore(OPTIONS, from, request, options)} onEnd={endRestore} onBack={() => void look()} />
  }
  const { vault, note, waysIn } = shown
  const toRestore = (): void => void beginRestore(vault.state)
  const lookAgain = (): void => void look()
  switch (vault.state) {
    case 'empty':
      return <CreateScreen note={note} onCreate={(secret) => open(() => vault.create(secret))} onRestore={toRestore} />
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
