// @ts-check
// The wall clock of the page, as a vault sees it that is about to lock.

/** Without use, until somebody chooses another time. */
export const IDLE_MS = 15 * 60_000

/** Has the clock stand still, so many ms from now, and the page look at it; or go on as it should. @param {import('playwright').Page} page @param {number | undefined} aheadMs */
export async function stopTime(page, aheadMs) {
  await page.evaluate((ahead) => {
    const { trueNow = Date.now } = /** @type {{ trueNow?: () => number }} */ (globalThis)
    Object.assign(globalThis, { trueNow })
    const at = trueNow() + (ahead ?? 0)
    Date.now = ahead === undefined ? trueNow : () => at
    // As after a sleep.
    dispatchEvent(new Event('resume'))
  }, aheadMs)
}
