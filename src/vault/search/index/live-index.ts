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
  #generation = 0
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
      const generation = this.#generation
      const opened = await Promise.all(missing.map((entry) => Segment.open(this.#blocks, entry)))
      // Forgotten meanwhile: nothing may come back. Opened by another search: there must be one of each, or what one keeps the other cannot let go of.
      if (generation === this.#generation) for (const segment of opened) if (!this.#opened.has(segment.entry.stem)) this.#opened.set(segment.entry.stem, segment)
    }
  }

  /** Lets go of what can be read again; which messages there are stays. */
  release(): void {
    for (const segment of this.#opened.values()) segment.release()
  }

  forget(): void {
    this.#generation++
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
  const covered = sharedStems(segments)
  const hidden = new Map<Segment, Uint8Array>()
  for (const segment of [...segments].sort((a, b) => b.entry.order - a.entry.order)) {
    const { runs, stems, gone } = segment
    const isGone = stems.map((stem) => logs.get(stem) === undefined)
    const coveredBy = stems.map((stem) => covered.get(stem))
    if (!isGone.includes(true) && coveredBy.every((numbers) => numbers === undefined)) continue
    const own = new Uint8Array(segment.messages)
    let any = false
    for (let run = 0; run < runs.logs.length; run++) {
      const log = runs.logs[run]!
      const numbers = coveredBy[log]
      if (isGone[log] !== true && numbers === undefined) continue
      for (let i = 0; i < runs.counts[run]!; i++) {
        const number = runs.numbers[run]! - i
        if (isGone[log] === true || numbers![number] === 1) {
          own[runs.ordinals[run]! + i] = 1
          any = true
        } else numbers![number] = 1
      }
    }
    for (const { log, from, count } of gone) coveredBy[log]?.fill(1, from, from + count)
    if (any) hidden.set(segment, own)
  }
  return segments.map((segment) => ({ segment, hidden: hidden.get(segment) }))
}

/** Stems that several segments speak of, each with room for a mark at every number that one of them names. */
function sharedStems(segments: readonly Segment[]): ReadonlyMap<string, Uint8Array> {
  const seen = new Set<string>()
  const ends = new Map<string, number>()
  for (const { stems } of segments.length < 2 ? [] : segments) {
    for (const stem of stems) {
      if (seen.has(stem)) ends.set(stem, 0)
      else seen.add(stem)
    }
  }
  if (ends.size === 0) return new Map()
  for (const { stems, runs, gone } of segments) {
    const note = (log: number, end: number): void => {
      const before = ends.get(stems[log]!)
      if (before !== undefined && end > before) ends.set(stems[log]!, end)
    }
    for (let run = 0; run < runs.logs.length; run++) note(runs.logs[run]!, runs.numbers[run]! + 1)
    for (const { log, from, count } of gone) note(log, from + count)
  }
  return new Map([...ends].map(([stem, end]) => [stem, new Uint8Array(end)]))
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
