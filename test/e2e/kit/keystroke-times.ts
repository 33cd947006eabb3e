// How long after a letter its results are on the screen, by the page's own clock: from the `input` event to the frame after they were put into the document.

import type { Page } from 'playwright'

interface Watch {
  readonly times: number[]
  readonly pending: number[]
}

/** Begins to watch the search field of the page. */
export async function watchKeystrokes(page: Page): Promise<void> {
  await page.evaluate(() => {
    const field = document.querySelector<HTMLInputElement>('#search-text')!
    const watch: Watch = { times: [], pending: [] }
    Object.assign(globalThis, { watch })
    field.addEventListener('input', (event) => watch.pending.push(event.timeStamp), { capture: true })
    const channel = new MessageChannel()
    let drawn: number[] = []
    channel.port1.onmessage = () => {
      const now = performance.now()
      watch.times.push(...drawn.map((started) => now - started))
      drawn = []
    }
    new MutationObserver(() => {
      // A letter that was overtaken by the next one has waited until the answer to that.
      if (watch.pending.length === 0 || document.querySelector<HTMLElement>('#results')?.dataset['query'] !== field.value) return
      const answered = watch.pending.splice(0)
      requestAnimationFrame(() => {
        drawn.push(...answered)
        channel.port2.postMessage(0)
      })
    }).observe(document.querySelector('#search')!, { attributes: true, attributeFilter: ['data-query'], childList: true, subtree: true })
  })
}

/** Types letter by letter into an empty field and waits for the last answer; resolves to the times of these letters in ms. */
export async function typeTimed(page: Page, text: string, delay: number): Promise<readonly number[]> {
  const field = page.locator('#search-text')
  await field.fill('')
  await page.locator('#results').waitFor({ state: 'detached' })
  await page.evaluate(() => {
    const { watch } = globalThis as unknown as { watch: Watch }
    watch.times.length = 0
    watch.pending.length = 0
  })
  await field.pressSequentially(text, { delay })
  const all = await page.waitForFunction((letters) => {
    const { watch } = globalThis as unknown as { watch: Watch }
    return watch.times.length >= letters ? [...watch.times] : undefined
  }, text.length)
  return (await all.jsonValue())!
}

/** "p50 12.3 ms, p95 45.6 ms, max 78.9 ms of 123". */
export function describeTimes(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): string => `${sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(1)} ms`
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)} of ${sorted.length}`
}
