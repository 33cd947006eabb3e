// What messages say, read whole: for those who count words.

import type { Access } from '../../core/access.js'
import { fieldsOf } from '../../core/log-row.js'
import type { Slices } from '../../core/slices.js'
import type { Head } from '../../core/state.js'
import { contentOf, hasLongContent } from '../../records/message-content.js'
import { inGroups, readBodies, readWholeLogs } from '../../records/message-pages.js'

export interface LogSize {
  readonly chatLogId: string
  readonly messages: number
}

export interface MessageContent {
  readonly chatLogId: string
  readonly content: string
}

export function sizeOf({ id, value }: Head): LogSize {
  return { chatLogId: id, messages: value['next'] as number }
}

/**
 * The contents of whole chat logs, in their order, oldest message first. Many pages are read together, long contents one at a time.
 * @throws {VaultError} `locked`, `corrupt`; the signal's reason when the slices have one that was aborted
 */
export async function* readContents(access: Access, logs: readonly LogSize[], slices: Slices): AsyncGenerator<MessageContent, void, undefined> {
  for (const group of inGroups(logs)) {
    const read = await access.view(async (state) => {
      const there = group.map((chatLogId) => state.heads.chatLogs.get(chatLogId)).filter((log): log is Head => log !== undefined)
      const records = await readWholeLogs(access, state, there)
      return there.map(({ id }, i) => ({ chatLogId: id, records: records[i]! }))
    })
    for (const { chatLogId, records } of read) {
      for (const { body, number } of records) {
        await slices.breathe()
        const content = hasLongContent(body) ? await readLong(access, chatLogId, number) : (fieldsOf(body)['content'] as string)
        if (content !== undefined) yield { chatLogId, content }
      }
    }
  }
}

/** Read anew: its rows may be gone since the page was read, and so it may be. */
async function readLong(access: Access, chatLogId: string, number: number): Promise<string | undefined> {
  return access.view(async (state) => {
    const log = state.heads.chatLogs.get(chatLogId)
    const [record] = log === undefined ? [] : await readBodies(access, state, log, { from: number, to: number + 1, limit: 1, newest: false })
    return record && contentOf(access, record.body)
  })
}
