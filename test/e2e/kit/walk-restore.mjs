// @ts-check
// The way through the screens on which a backup comes back; needs the backup that was downloaded before.

import { fillTwice } from './backup-steps.mjs'

/** @typedef {import('playwright').Page} Page */

/** The backup that was downloaded last, as if it were chosen from the downloads. @param {Page} page */
export function chooseHeldBackup(page) {
  return page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('backups-on-their-way')
    const files = new DataTransfer()
    for await (const handle of folder.values()) files.items.add(new File([await /** @type {FileSystemFileHandle} */ (handle).getFile()], 'conversations-2026-03-05-1430.svault'))
    const input = /** @type {HTMLInputElement} */ (document.querySelector('.file-choice input'))
    input.files = files.files
    input.dispatchEvent(new Event('change', { bubbles: true }))
  })
}

/** Exports all conversations as JSON to where this page alone finds them. @param {Page} page */
async function exportPlain(page) {
  await page.evaluate(() => Object.assign(globalThis, { showSaveFilePicker: async () => (await navigator.storage.getDirectory()).getFileHandle('plain.json', { create: true }) }))
  await page.getByRole('button', { name: 'Export for other programs' }).click()
  await page.getByLabel('I want a file that anyone can read').check()
  await page.getByRole('button', { name: 'Download readable JSON' }).click()
  await page.getByText('The file is made').waitFor()
  await page.evaluate(() => Object.assign(globalThis, { showSaveFilePicker: undefined }))
  await page.getByRole('button', { name: 'Done' }).click()
}

/** That JSON, as if another device had changed what it says. @param {Page} page */
function chooseChangedPlain(page) {
  return page.evaluate(async () => {
    const text = await (await (await (await navigator.storage.getDirectory()).getFileHandle('plain.json')).getFile()).text()
    const json = /** @type {{ sessions: { title: string }[], chatLogs: { messages: { content: string }[] }[] }} */ (JSON.parse(text))
    for (const log of json.chatLogs) for (const message of log.messages.slice(0, 2)) message.content = `As I remember it: ${message.content}`
    const files = new DataTransfer()
    files.items.add(new File([JSON.stringify(json)], 'conversations-2026-03-05-1430.json'))
    const input = /** @type {HTMLInputElement} */ (document.querySelector('.file-choice input'))
    input.files = files.files
    input.dispatchEvent(new Event('change', { bubbles: true }))
  })
}

/** Begins with the vault open and ends so. @param {Page} page @param {(screen: string) => Promise<void>} visit */
export async function walkImport(page, visit) {
  /** @param {string} name */
  const press = (name) => page.getByRole('button', { name, exact: true }).click()
  await press('Settings')
  await exportPlain(page)
  await press('Settings')
  await page.locator('[data-session="sample-sourdough"]').click()
  await page.getByText('Delete this conversation').click()
  await press('Delete the conversation')
  await press('Settings')
  await press('Restore from a backup')
  await chooseHeldBackup(page)
  await page.getByLabel('Password of the file').fill('not the password')
  await press('Show what would change')
  await page.locator('#import-problem').filter({ hasText: 'not the password' }).waitFor({ timeout: 20_000 })
  await visit('31-import-refused')
  await page.getByLabel('Password of the file').fill('eleven quiet lanterns')
  await press('Show what would change')
  await page.locator('#import-note').filter({ hasText: 'Nothing would change' }).waitFor({ timeout: 20_000 })
  await visit('32-import-nothing')
  await page.getByLabel('Bring back what I deleted here').check()
  await page.locator('[data-kind="sessions"] [data-column="added"]').filter({ hasText: '1' }).waitFor({ timeout: 20_000 })
  await visit('33-import-preview')
  await press('Choose another file')
  await chooseChangedPlain(page)
  await page.locator('#import-policy').selectOption('ask')
  await visit('34-import-plain')
  await press('Restore')
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  await visit('35-conflict')
  await press('Take theirs')
  await dialog.filter({ hasText: 'question 2' }).waitFor()
  await press('Stop restoring')
  await page.locator('#import-problem').filter({ hasText: 'Cancelled' }).waitFor()
  await press('‹ Go back')
  await page.getByRole('button', { name: 'Go on with the restore' }).waitFor()
  await visit('36-interrupted')
  await press('Restore from a backup')
  await chooseChangedPlain(page)
  await page.locator('#import-policy').selectOption('ask')
  await press('Restore')
  await dialog.filter({ hasText: 'question 1' }).waitFor()
  await press('Keep both')
  await dialog.filter({ hasText: 'question 2' }).waitFor()
  await press('The newer one, here and for all the rest')
  await page.locator('#import-conflicts li').first().waitFor()
  await visit('37-import-report')
  await press('Done')
}

/** Begins at the locked vault and ends there. @param {Page} page @param {(screen: string) => Promise<void>} visit */
export async function walkRestore(page, visit) {
  await page.getByRole('button', { name: 'Restore from a backup' }).click()
  await page.locator('[data-screen="restore"]').waitFor()
  await visit('40-restore')
  await chooseHeldBackup(page)
  await page.getByLabel('Password of the file').fill('eleven quiet lanterns')
  await fillTwice(page, 'New password of the vault', 'seven slow herons', 'New password again')
  await page.getByText('to guess it.').waitFor()
  // At the foot: what is lost by it should be seen by whoever is about to press.
  await page.getByLabel('Delete it and put the backup in its place').check()
  await visit('41-restore-in-place')
  await page.getByRole('button', { name: 'Go back' }).click()
  await page.locator('[data-screen="locked"]').waitFor()
}
