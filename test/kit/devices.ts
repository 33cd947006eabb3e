// Vaults of one user on several devices, and archives between them.

import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import type { ImportOptions, ImportReport } from '../../src/index.js'
import type { ArchiveName } from '../../src/vault/archive/archive-lines.js'
import type { ExportOptions } from '../../src/vault/archive/export-archive.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { bytesOf, jsonOf, timeless, type JsonExport } from './archive-json.js'

/** Quick to derive from: tests of merging are not about secrets. */
export const CODE = createRecoveryCode()

export async function archiveOf(open: UnlockedVault, options: Omit<ExportOptions, 'password' | 'recoveryCode'> = {}): Promise<Uint8Array<ArrayBuffer> & { readonly named?: ArchiveName }> {
  const { stream, report } = await open.exportArchive({ ...options, recoveryCode: CODE })
  const bytes = await bytesOf(stream)
  return Object.assign(bytes, { named: await report })
}

export function take(open: UnlockedVault, archive: Uint8Array, options: Omit<ImportOptions, 'password' | 'recoveryCode'> = {}): Promise<ImportReport> {
  return open.importArchive(archive, { ...options, recoveryCode: CODE })
}

type Fields = Record<string, unknown>

/** What the plain JSON says, in an order of its own for all but messages: numbers of records differ between vaults. */
export async function contentOf(open: UnlockedVault): Promise<JsonExport> {
  const { sessions, chatLogs, brains, preferences, collections, version } = timeless(await jsonOf(await open.exportJson({ unprotected: true })))
  const sorted = <T extends Fields>(records: readonly T[], key: string): T[] => records.toSorted((a, b) => (String(a[key]) < String(b[key]) ? -1 : 1))
  return { version, sessions: sorted(sessions, 'id'), chatLogs: sorted(chatLogs, 'id'), brains: sorted(brains, 'entityId'), preferences: sorted(preferences, 'key'), collections: Object.fromEntries(Object.entries(collections).map(([name, items]) => [name, sorted(items, 'id')])) }
}

/** The same without times of changes, where two devices made the same thing at two times. */
export async function sayingsOf(open: UnlockedVault): Promise<unknown> {
  return JSON.parse(JSON.stringify(await contentOf(open), (key, value: unknown) => (key === 'modifiedAt' ? undefined : value))) as unknown
}
