// What authenticates and is no segment: a mistake of whoever wrote it. It must end as damage does, so that a search goes on without the index,
// and never in an endless loop or in an error of the engine.

import { fromUtf8 } from '../../../crypto/bytes.js'
import { VaultError } from '../../../errors.js'
import { SuspectPage } from '../../core/pages.js'

export function malformed(): SuspectPage {
  return new SuspectPage(new VaultError('corrupt', 'a segment of the search index is malformed; rebuildIndex() makes it anew', { where: 'blocks', reason: 'segment' }))
}

/** @throws {SuspectPage} unless so it is */
export function mustBe(isSo: boolean): void {
  if (!isSo) throw malformed()
}

/** Words as they lie in a segment. @throws {SuspectPage} */
export function readWords(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch {
    throw malformed()
  }
}
