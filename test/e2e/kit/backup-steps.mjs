// @ts-check
// What a test does in the parts of the demo that are about backups, whatever the engine.

/** @typedef {import('playwright').Page} Page */

/**
 * Without its dialog, which no test can answer, Chromium saves files as the other engines do.
 * @param {Page | import('playwright').BrowserContext} page before it opens the demo
 */
export function withoutSaveDialog(page) {
  return page.addInitScript('Object.defineProperty(globalThis, "showSaveFilePicker", { value: undefined, writable: true })')
}

/** The code on the screen, as it is written. @param {Page} page @returns {Promise<string>} */
export async function readCode(page) {
  await page.locator('.sheet').waitFor({ timeout: 20_000 })
  const groups = await page.locator('.sheet .signs').allTextContents()
  return groups.join('-')
}

/**
 * Shows what would go on paper, or the screen again. Firefox cannot be told to do that by itself, so its rules for paper are made to hold on the screen.
 * @param {Page} page @param {'print' | 'screen'} medium
 */
export async function showAs(page, medium) {
  await page.evaluate((wanted) => {
    const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).filter((rule) => rule instanceof CSSMediaRule)
    for (const { media } of rules) if (['print', 'all'].includes(media.mediaText)) media.mediaText = wanted === 'print' ? 'all' : 'print'
  }, medium)
}

/** Says that the code is on paper, and types the groups that are asked for. @param {Page} page @param {string} code @param {(group: string) => string} [typed] how they are typed */
export async function typeBack(page, code, typed = (group) => group) {
  const written = page.getByRole('button', { name: 'I have written it down' })
  if (await written.isVisible()) await written.click()
  for (const label of await page.locator('.asked label').all()) {
    const number = Number(/** @type {RegExpExecArray} */ (/\d+/.exec((await label.textContent()) ?? ''))[0])
    await label.locator('input').fill(typed(/** @type {string} */ (code.split('-')[number - 1])))
  }
}

/** Chooses the two passwords of a form. @param {Page} page @param {string} label @param {string} password @param {string} again */
export async function fillTwice(page, label, password, again) {
  await page.getByLabel(label, { exact: true }).fill(password)
  await page.getByLabel(again).fill(password)
}
