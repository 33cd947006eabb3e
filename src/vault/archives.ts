// Archives without a vault: what can be done with a file alone. The code is fetched when it is first used.

import type { ArchiveSource } from './archive/archive-source.js'
import type { ArchiveContents, ArchiveHead, VerifyOptions } from './archive/verify-archive.js'
import { fetchPart } from './fetch-part.js'

const archivePart = () => fetchPart(() => import('./archive/archive-part.js'))

/**
 * Reads an archive to its last byte and says what is in it: every byte was authenticated, inflated and held against counts and hash. Memory stays bounded,
 * whatever its size. Needs no vault.
 * @throws {VaultError} `wrong-password` (also for a recovery code), `archive-truncated` for a file that was not copied whole, `corrupt` for one that is damaged or no archive,
 *   `archive-too-large` for one that is built to exhaust its reader, `tampered` for one whose key derivation is (before anything is derived), `unsupported-version`,
 *   `invalid-value` for a password or recovery code that cannot be one; {TypeError} unless one of the two is given; the signal's reason when aborted
 */
export async function verifyArchive(source: ArchiveSource, options: VerifyOptions): Promise<ArchiveContents> {
  return (await archivePart()).verify(source, options)
}

/**
 * What anybody who has the file can know: its id and what opens it. Reads no more than the beginning; a stream is cancelled.
 * @throws {VaultError} `corrupt` for what is no archive, `archive-truncated`, `archive-too-large`, `unsupported-version`
 */
export async function inspectArchive(source: ArchiveSource): Promise<ArchiveHead> {
  return (await archivePart()).inspect(source)
}

/**
 * A new recovery code: 160 random bits as nine groups of four letters and digits, with checks for what is mistyped. Give it to `exportArchive`, and let the user
 * write it down: nothing keeps it.
 */
export async function createRecoveryCode(): Promise<string> {
  return (await archivePart()).createRecoveryCode()
}
