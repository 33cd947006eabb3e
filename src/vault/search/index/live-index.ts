// The index as it is true now: which segments there are, and which of their messages are still what the segment says.
// Newer segments win over older ones, what is pending wins over all of them, and a chat log that is gone takes its messages along.

import type { Blocks } from '../../core/blocks.js'
import type { CommitLog } from '../../core/commit-log.js'
import { currentIndex, pendingSegments, type CurrentIndex, type Segment as SegmentEntry } from '../../core/index-segments.js'
import type { Body } from '../../core/log-row.js'
import type { Head, State } from '../../core/state.js'
import { Segment } from '../segments/segment.js'

/** A segment with what hides some of its messages. */
export interface LiveSegment {
  readonly segment: Segment
  /** By ordinal, not zero for messages that are no longer as the segment says; undefined when all are. */
  readonly hidden: Uint8Array | undefined
}

/** A message that is in no segment yet. */
export interface PendingMessage {
  readonly log: Head
  readonly number: number
  readonly body: Body
}

export interface IndexView {
  readonly segments: readonly LiveSegment[]
  readonly pending: readonly PendingMessage[]
  /** Chat logs that a load brought and no segment knows yet. */
  readonly unread: readonly Head[]
  /** Chat logs by the stems of their pages. */
  readonly logs: LogsByStem
}

/** Chat logs by the stems of their pages. */
export class LogsByStem {
  readonly #ids = new Map<string, string>()
  readonly #state: State

  constructor(state: State) {
    this.#state = state
    for (const [id, head] of state.heads.chatLogs.entries()) this.#ids.set(head.value['stem'] as string, id)
  }

  /** Undefined for one that is gone. */
  get(stem: string): Head | undefined {
    const id = this.#ids.get(stem)
    const head = id === undefined ? undefined : this.#state.heads.chatLogs.get(id)
    return head?.value['stem'] === stem ? head : undefined
  }
}

interface Shape {
  readonly state: State
  readonly takenAway: number
  readonly chatLogs: number
  readonly stems: string
  readonly logs: LogsByStem
  readonly segments: readonly LiveSegment[]
}

export class LiveIndex {
  readonly #log: CommitLog
  readonly #blocks: Blocks
  readonly #tokenizer: string
  readonly #opened = new Map<string, Segment>()
  #shape: Shape | undefined

  /** @param tokenizer that of the index to be used */
  constructor(log: CommitLog, blocks: Blocks, tokenizer: string) {
    this.#log = log
    this.#tokenizer = tokenizer
    this.#blocks = blocks
  }

  /** Undefined when there is no index. */
  current(): CurrentIndex | undefined {
    const { state, manifest } = this.#log
    return currentIndex(manifest.content.index, pendingSegments(state), state.adoptions, this.#tokenizer)
  }

  /**
   * What is true at one moment, without a wait between the looks.
   * @param folded leave out what is pending: what the pages hold, and nothing over it
   * @throws {SuspectPage} when a segment cannot be read
   */
  async view({ folded = false } = {}): Promise<IndexView | undefined> {
    for (;;) {
      const index = this.current()
      if (index === undefined) return undefined
      const missing = index.segments.filter(({ stem }) => !this.#opened.has(stem))
      if (missing.length === 0) return this.#viewOf(index, folded)
      for (const segment of await Promise.all(missing.map((entry) => Segment.open(this.#blocks, entry)))) this.#opened.set(segment.entry.stem, segment)
    }
  }

  forget(): void {
    this.#opened.clear()
    this.#shape = undefined
  }

  #viewOf({ segments: entries, uncovered }: CurrentIndex, folded: boolean): IndexView {
    const { state } = this.#log
    const { segments, logs } = this.#shapeOf(state, entries)
    const unread = uncovered.map(({ stem }) => logs.get(stem)).filter((log) => log !== undefined)
    if (folded) return { segments, pending: [], unread, logs }
    const unreadStems = new Set(uncovered.map(({ stem }) => stem))
    const pending: PendingMessage[] = []
    const edited = new Map<string, Set<number>>()
    for (const [stem, bodies] of state.pendingStems()) {
      const head = logs.get(stem)
      // All of a chat log that is read whole is read with what is pending over it.
      if (head === undefined || unreadStems.has(stem)) continue
      const next = head.folded?.next ?? 0
      for (const [number, { body }] of bodies.entries()) {
        if (number < next) edited.set(stem, (edited.get(stem) ?? new Set()).add(number))
        if (body !== null) pending.push({ log: head, number, body })
      }
    }
    return { segments: edited.size === 0 ? segments : segments.map((live) => hideEdited(live, edited)), pending, unread, logs }
  }

  /** What changes with checkpoints, merges, loads and deletes only. */
  #shapeOf(state: State, entries: readonly SegmentEntry[]): Shape {
    const { takenAway } = state
    const chatLogs = state.next.chatLogs
    const stems = entries.map(({ stem }) => stem).join()
    const before = this.#shape
    if (before?.state === state && before.takenAway === takenAway && before.chatLogs === chatLogs && before.stems === stems) return before
    for (const stem of this.#opened.keys()) if (!entries.some((entry) => entry.stem === stem)) this.#opened.delete(stem)
    // A chat log that was added changes nothing about the segments.
    const sameSegments = before?.state === state && before.takenAway === takenAway && before.stems === stems
    const logs = new LogsByStem(state)
    const opened = entries.map(({ stem }) => this.#opened.get(stem)!)
    this.#shape = { state, takenAway, chatLogs, stems, logs, segments: sameSegments ? before.segments : hideOutdated(opened, logs) }
    return this.#shape
  }
}

/** Hides what newer segments say otherwise, and what belongs to chat logs that are gone. */
export function hideOutdated(segments: readonly Segment[], logs: LogsByStem): LiveSegment[] {
  const shared = sharedStems(segments)
  const covered = new Map<string, { readonly from: number; readonly to: number }[]>()
  const newestFirst = [...segments].sort((a, b) => b.entry.order - a.entry.order)
  const hidden = new Map<Segment, Uint8Array>()
  const hide = (segment: Segment, ordinal: number): void => {
    let bytes = hidden.get(segment)
    if (bytes === undefined) hidden.set(segment, (bytes = new Uint8Array(segment.messages)))
    bytes[ordinal] = 1
  }
  for (const segment of newestFirst) {
    const { runs, stems, gone } = segment
    const isGone = stems.map((stem) => logs.get(stem) === undefined)
    const isShared = stems.map((stem) => shared.has(stem))
    if (isGone.includes(true) || isShared.includes(true)) {
      for (let run = 0; run < runs.logs.length; run++) {
        const log = runs.logs[run]!
        const intervals = isShared[log] === true ? covered.get(stems[log]!) : undefined
        if (isGone[log] !== true && intervals === undefined) continue
        for (let i = 0; i < runs.counts[run]!; i++) {
          const number = runs.numbers[run]! - i
          if (isGone[log] === true || intervals!.some(({ from, to }) => number >= from && number < to)) hide(segment, runs.ordinals[run]! + i)
        }
      }
    }
    // Only now: a segment does not hide what it says itself.
    const cover = (log: number, from: number, to: number): void => {
      if (isShared[log] !== true) return
      const intervals = covered.get(stems[log]!)
      if (intervals === undefined) covered.set(stems[log]!, [{ from, to }])
      else intervals.push({ from, to })
    }
    for (let run = 0; run < runs.logs.length; run++) cover(runs.logs[run]!, runs.numbers[run]! - runs.counts[run]! + 1, runs.numbers[run]! + 1)
    for (const { log, from, count } of gone) cover(log, from, from + count)
  }
  return segments.map((segment) => ({ segment, hidden: hidden.get(segment) }))
}

function sharedStems(segments: readonly Segment[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const shared = new Set<string>()
  if (segments.length < 2) return shared
  for (const { stems } of segments) {
    for (const stem of stems) {
      if (seen.has(stem)) shared.add(stem)
      else seen.add(stem)
    }
  }
  return shared
}

function hideEdited({ segment, hidden }: LiveSegment, edited: ReadonlyMap<string, ReadonlySet<number>>): LiveSegment {
  const numbers = segment.stems.map((stem) => edited.get(stem))
  if (numbers.every((set) => set === undefined)) return { segment, hidden }
  const now = hidden?.slice() ?? new Uint8Array(segment.messages)
  const { runs } = segment
  for (let run = 0; run < runs.logs.length; run++) {
    const set = numbers[runs.logs[run]!]
    if (set === undefined) continue
    for (let i = 0; i < runs.counts[run]!; i++) if (set.has(runs.numbers[run]! - i)) now[runs.ordinals[run]! + i] = 1
  }
  return { segment, hidden: now }
}
