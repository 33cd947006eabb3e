// What a page can tell of itself while it works: its long tasks, and its memory.

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
