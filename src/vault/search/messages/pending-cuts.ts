// Pending messages, cut into words once: the part of the index that is in memory. Bodies never change, so what was cut stays right;
// with the body it goes.

import type { Access } from '../../core/access.js'
import type { Body } from '../../core/log-row.js'
import { contentOf } from '../../records/message-content.js'
import { cutText, type CutText } from '../words/match.js'

interface PendingCut {
  readonly text: string
  readonly cut: CutText
}

/** Longer texts are cut again when they are asked for: their words would take more memory than they are worth. */
const LONGEST_KEPT = 4096
const cuts = new WeakMap<object, PendingCut>()

export async function cutPending(access: Access, body: Body): Promise<PendingCut> {
  const known = cuts.get(body)
  if (known !== undefined) return known
  const text = await contentOf(access, body)
  const made = { text, cut: cutText(text) }
  if (text.length <= LONGEST_KEPT) cuts.set(body, made)
  return made
}
