// A crash at every call of the store that a change of the ways in makes: what opened the vault before opens it still, but for what was to go; what is new opens it, or is not there.

import { describe, expect, it } from 'vitest'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { createCrashingBackend, type CrashPlan } from '../../src/testing/crashing-backend.js'
import type { Secret } from '../../src/vault/core/slot-openers.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { KINDS, opensWith, vaultWithAll, type Kind, type SlotScene } from './slot-scene.js'

interface Operation {
  readonly what: string
  /** What opens the vault afterwards besides. */
  readonly run: (open: UnlockedVault, scene: SlotScene) => Promise<Secret | undefined>
  /** What may open it no more. */
  readonly ends?: Kind
}

const code = createRecoveryCode()
const OPERATIONS: readonly Operation[] = [
  { what: 'add a password', run: async (open) => (await open.slots.add(PASSWORD, { kind: 'password', password: 'one more' }), 'one more') },
  { what: 'add a recovery code', run: async (open) => (await open.slots.add(PASSWORD, { kind: 'recovery', code, typedBack: code }), { recoveryCode: code }) },
  { what: 'replace a passkey', ends: 'passkey', run: async (open, { ids }) => (await open.slots.replace(PASSWORD, ids.passkey, { kind: 'recovery', code, typedBack: code }), { recoveryCode: code }) },
  { what: 'rename', run: async (open, { ids }) => void (await open.slots.rename(PASSWORD, ids.passkey, 'renamed')) },
  ...KINDS.filter((kind) => kind !== 'password').map((kind): Operation => ({ what: `remove the ${kind}`, ends: kind, run: async (open, { ids }) => (await open.slots.remove(PASSWORD, ids[kind]), undefined) })),
  { what: 'remove the password', ends: 'password', run: async (open, { ids, secrets }) => (await open.slots.remove(secrets.recovery, ids.password), undefined) },
  { what: 'add a key of the browser', run: async (open) => void (await open.slots.add(PASSWORD, { kind: 'device' })) },
  { what: 'change the password', ends: 'password', run: async (open) => (await open.changePassword(PASSWORD, 'the next'), 'the next') },
  { what: 'protect', ends: 'device', run: async (open) => (await open.protect(PASSWORD, 'one more'), 'one more') },
]
const MODES = ['kill-before', 'kill-after', 'fail-once', 'withhold'] as const
/** Of the many calls of a rotation: the first ones, which write the header, and a few. `npm run faults -- rotations` meets all. */
const MOST_CALLS = 24

describe.each(OPERATIONS)('a crash while somebody wants to $what', ({ run, ends }) => {
  it('leaves what opened the vault before', async () => {
    const scene = await vaultWithAll()
    await scene.open.lock()
    const { disk } = scene.browser
    const keys = scene.deviceKeys
    /** @returns the calls it made, and whether it said that it had ended */
    const attempt = async (plan: CrashPlan) => {
      const fork = disk.snapshot()
      const crashing = createCrashingBackend(memoryFactory(fork), plan)
      const deviceKeys = keys.copy()
      const browser = testBrowser({ disk: fork, backend: () => crashing.factory, passkeys: scene.authenticator.passkeys, deviceKeys })
      let before = 0
      let next: { readonly secret: Secret | undefined } | undefined
      const work = async (): Promise<void> => {
        const vault = await browser.open({ rotation: { continue: false } })
        if (vault.state !== 'locked') throw new Error(vault.state)
        const open = await vault.unlock(scene.secrets.recovery)
        before = crashing.calls.length
        next = { secret: await run(open, scene) }
      }
      await Promise.race([work().catch(() => undefined), crashing.died])
      return { fork, deviceKeys, next, before, calls: crashing.calls.length, struck: crashing.struck }
    }
    const clean = await attempt({ mode: 'none' })
    expect(clean.next).toBeDefined()
    const last = Math.min(clean.calls, clean.before + MOST_CALLS)
    let struck = 0
    for (let at = clean.before + 1; at <= last; at++) {
      for (const mode of MODES) {
        const left = await attempt({ mode, at })
        if (left.struck) struck++
        const browser = testBrowser({ disk: left.fork, passkeys: scene.authenticator.passkeys, deviceKeys: left.deviceKeys })
        const where = `${mode} at call ${at - clean.before}`
        for (const kind of KINDS) {
          const opened = await opensWith(browser, scene.secrets[kind]).catch((error: unknown) => error)
          if (kind !== ends) expect([where, kind, opened]).toEqual([where, kind, 'dark'])
          // What is to go opens the vault, or is gone; it never breaks it.
          else if (opened !== 'dark') expect([where, (opened as { code?: string }).code]).toEqual([where, expect.stringMatching(/^(wrong-password|not-found|unsupported-version)$/) as string])
        }
        if (left.next?.secret !== undefined) expect([where, await opensWith(browser, left.next.secret)]).toEqual([where, 'dark'])
      }
    }
    expect(struck).toBe(MODES.length * (last - clean.before))
  })
})
