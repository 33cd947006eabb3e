// One background job at a time per vault: checkpoint, bulk load, clearing, later merges, imports and rotation.
// A Web Lock where there is one, and always a lease row whose token every transaction of the job compares, so a stale
// holder cannot write. PROTOCOL rule 8; docs/format.md section 9.

import type { Bytes, SealedBytes } from '../../brand.js'
import { concat, randomBytes, readU64, u64 } from '../../crypto/bytes.js'
import { VaultError } from '../../errors.js'
import type { Backend, Expectation } from '../../stores/backend.js'
import type { FairLocks } from '../../stores/locks.js'

const LEASE = 'lease'
const TOKEN = 16
/** Without Web Locks a holder that says nothing for this long is taken for dead. */
const LEASE_MS = 30_000
const RENEW_MS = 10_000

/** The right to be the one job; compare `expectation` in every transaction. */
export interface Job {
  readonly expectation: Expectation
}

export interface JobPorts {
  readonly backend: Backend
  readonly locks: FairLocks
  readonly lockName: string
  readonly now: () => number
  /** Jobs that this tab runs, and those in it that somebody waits for. */
  readonly running: { count: number; awaited: number }
}

/**
 * Runs `work` as the one background job. With `wait` false it resolves to undefined at once when another job runs.
 * @throws {VaultError} `busy` when without Web Locks another tab's lease is alive and `wait` is true
 */
export async function runJob<T>(ports: JobPorts, wait: boolean, work: (job: Job) => Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
  if (!wait) return asJob(ports, wait, work)
  ports.running.awaited++
  try {
    return await asJob(ports, wait, work, signal)
  } finally {
    ports.running.awaited--
  }
}

function asJob<T>(ports: JobPorts, wait: boolean, work: (job: Job) => Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
  const options = { ...(!wait && { ifAvailable: true }), ...(wait && signal !== undefined && { signal }) }
  return ports.locks.request(ports.lockName, options, async (held) => {
    if (!held) return undefined
    const token = randomBytes(TOKEN)
    if (!(await takeLease(ports, token))) {
      if (wait) throw new VaultError('busy', 'another tab is doing long work on this vault; try again when it has ended', { where: 'jobs' })
      return undefined
    }
    const expectation: Expectation = { kind: 'prefix', store: 'jobs', key: LEASE, bytes: token }
    const renew = setInterval(() => {
      ports.backend.apply({ expect: [expectation], operations: [leaseRow(ports, token)], durability: 'relaxed' }).catch(() => undefined)
    }, RENEW_MS)
    ports.running.count++
    try {
      return await work({ expectation })
    } finally {
      ports.running.count--
      clearInterval(renew)
      await ports.backend.apply({ expect: [expectation], operations: [{ kind: 'delete', store: 'jobs', key: LEASE }], durability: 'relaxed' }).catch(() => undefined)
    }
  })
}

/** What a job's transaction throws when its expectation missed. */
export function lostLease(): VaultError {
  return new VaultError('busy', 'another tab took over the long work on this vault; start again', { where: 'jobs', reason: 'lease-lost' })
}

function leaseRow({ now }: JobPorts, token: Bytes) {
  return { kind: 'put', store: 'jobs', key: LEASE, value: concat(token, u64(now() + LEASE_MS)) as SealedBytes } as const
}

async function takeLease(ports: JobPorts, token: Bytes): Promise<boolean> {
  const [lease] = await ports.backend.read([{ kind: 'get', store: 'jobs', key: LEASE }])
  // Under a held Web Lock a lease that is still there belonged to a tab that died; without one the clock must tell.
  const alive = lease !== undefined && !ports.locks.available && lease.length >= TOKEN + 8 && Math.abs(readU64(lease, TOKEN) - ports.now()) < LEASE_MS && readU64(lease, TOKEN) > ports.now()
  if (alive) return false
  const expect: Expectation = lease === undefined ? { kind: 'absent', store: 'jobs', key: LEASE } : { kind: 'prefix', store: 'jobs', key: LEASE, bytes: lease.slice(0, TOKEN) }
  const result = await ports.backend.apply({ expect: [expect], operations: [leaseRow(ports, token)], durability: 'relaxed' })
  return result.applied
}
