// What a message says, whole, without what else is long in it: who looks for words must not load the pictures beside them.

import type { Access } from '../core/access.js'
import { fieldsOf, refsOf, type BlobRef, type Body } from '../core/log-row.js'
import { toDeferredMessage, type Message, type MessagePlace } from './messages.js'

type LongTexts = Pick<Access, 'longText'>

function isOfContent([path]: BlobRef): boolean {
  return path.length === 1 && path[0] === 'content'
}

export function hasLongContent(body: Body): boolean {
  return refsOf(body).some(isOfContent)
}

/** The content of a stored message, wherever it lies. @throws {SuspectPage} where its rows are gone or damaged */
export async function contentOf(access: LongTexts, body: Body): Promise<string> {
  const ref = refsOf(body).find(isOfContent)
  return ref === undefined ? (fieldsOf(body)['content'] as string) : access.longText(ref)
}

/** A message with its content whole and its other long values deferred. @throws {SuspectPage} */
export async function toMessageWithContent(access: LongTexts, place: MessagePlace, body: Body): Promise<Message> {
  if (!hasLongContent(body)) return toDeferredMessage(place, body)
  const fields = { ...fieldsOf(body), content: await contentOf(access, body) }
  return toDeferredMessage(place, [fields, refsOf(body).filter((ref) => !isOfContent(ref))])
}
