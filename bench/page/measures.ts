// What a page can tell of itself while it works: its long tasks, and its memory.

/** Between two looks at the memory; each collects garbage first, which takes longer. */
const LOOK_MS = 50

let watching: { readonly observer: PerformanceObserver; longest: number } | undefined

/** Chromium alone reports long tasks, and only those of 50 ms and more. @returns false where the engine does not tell */
export function watchLongTasks(): boolean {
  if (!PerformanceObserver.supportedEntryTypes.includes('longtask')) return false
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) if (watching !== undefined) watching.longest = Math.max(watching.longest, duration)
  })
  watching = { observer, longest: 0 }
  observer.observe({ type: 'longtask' })
  return true
}

/** Milliseconds of the longest task since the watch began, which ends by this; 0 when none was long. */
export async function longestTask(): Promise<number> {
  // The observer hears of a task a little later.
  await new Promise((resolve) => setTimeout(resolve, 200))
  watching?.observer.disconnect()
  return watching?.longest ?? 0
}

interface MeasuresMemory {
  measureUserAgentSpecificMemory?: () => Promise<{ readonly bytes: number }>
}

/** Bytes of everything the page and its workers hold, buffers included; undefined where the engine does not tell. */
export async function usedMemory(): Promise<number | undefined> {
  const measured = await (performance as MeasuresMemory).measureUserAgentSpecificMemory?.()
  return measured?.bytes
}

/** How much more memory the page held at most while it worked, seen every now and then, and when the work says `look`. */
export async function growth(work: (look: () => Promise<void>) => Promise<unknown>): Promise<{ readonly bytes: number; readonly looks: number } | undefined> {
  const before = await usedMemory()
  if (before === undefined) return undefined
  let isDone = false
  let most = before
  let looks = 0
  const look = async (): Promise<void> => {
    most = Math.max(most, (await usedMemory()) ?? 0)
    looks++
  }
  const done = work(look).finally(() => {
    isDone = true
  })
  // Whoever looks below may fail first.
  done.catch(() => undefined)
  while (!isDone) {
    await look()
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  await done
  return { bytes: most - before, looks }
}
