// The id under which the other version of a record is kept where both are.

import { sha256 } from '../../crypto/blind.js'
import { toBase64Url, utf8 } from '../../crypto/bytes.js'
import { canonicalJson } from './equal-json.js'

const MAX_ID = 1024

/** The same for the same content, so that keeping both twice makes one copy. */
export function copyIdOf(id: string, value: unknown): string {
  const mark = `~${toBase64Url(sha256(utf8(canonicalJson(value)))).slice(0, 8)}`
  return id.slice(0, MAX_ID - mark.length) + mark
}
