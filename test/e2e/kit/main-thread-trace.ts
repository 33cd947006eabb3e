// How long the main thread of a page worked in each frame, timers and microtasks and the browser's own part of IndexedDB included: from a trace of Chromium.

import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright'

interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  /** Microseconds. */
  readonly ts: number
  readonly dur?: number
  readonly tdur?: number
}

/** Works while a trace is written. @returns ms of work between the marks named `frame`, one after the other */
export async function traceFrames(browser: Browser, page: Page, file: string, work: () => Promise<void>): Promise<number[]> {
  // No more than is looked at: what is traced takes time of its own.
  await browser.startTracing(page, { path: file, categories: ['toplevel', 'blink.user_timing'] })
  await work()
  await browser.stopTracing()
  return frameTimes((JSON.parse(readFileSync(file, 'utf8')) as { readonly traceEvents: readonly TraceEvent[] }).traceEvents)
}

function frameTimes(events: readonly TraceEvent[]): number[] {
  const marks = events.filter(({ name, ph }) => name === 'frame' && ph !== 'M').sort((a, b) => a.ts - b.ts)
  const [first] = marks
  if (first === undefined) throw new Error('the trace has no frames')
  // Tasks of the thread that set the marks; those within others are part of them.
  const tasks = events.filter(({ name, ph, pid, tid }) => ph === 'X' && pid === first.pid && tid === first.tid && name.endsWith('RunTask')).sort((a, b) => a.ts - b.ts)
  const times = marks.map(() => 0)
  let frame = -1
  let end = 0
  for (const { ts, dur = 0, tdur = dur } of tasks) {
    // The task of a frame begins before its mark.
    while (frame + 1 < marks.length && ts + dur > marks[frame + 1]!.ts) frame++
    if (frame < 0 || ts < end) continue
    end = ts + dur
    times[frame]! += tdur / 1000
  }
  return times
}
