// @ts-check
// The way through every screen of the demo: what a newcomer sees, what goes wrong, and every state a vault can be in.

import { readCode, withoutSaveDialog } from './backup-steps.mjs'
import { IDLE_MS, stopTime } from './page-clock.mjs'
import { walkBackup } from './walk-backup.mjs'
import { walkKeys, walkOldKeys } from './walk-keys.mjs'
import { walkImport, walkRestore } from './walk-restore.mjs'

const PASSWORD = 'correct horse battery staple'

/** @typedef {import('playwright').Page} Page */

/** Waits for a state of the vault. @param {Page} page @param {string} name */
const screen = (page, name) => page.locator(`[data-screen="${name}"]`).waitFor({ timeout: 20_000 })

/** A store that is not as it should be. @param {Page} page @param {string} script */
async function spoil(page, script) {
  await page.evaluate(script)
  await page.reload()
}

/**
 * @param {Page} page of a profile that is new to the demo
 * @param {string} url
 * @param {(screen: string) => Promise<void>} visit called on each screen when it shows what it has to show
 */
export async function walkScreens(page, url, visit) {
  await withoutSaveDialog(page)
  await page.goto(url)
  await screen(page, 'empty')
  await visit('01-create')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByText('to guess it.').waitFor()
  await page.getByLabel('The same password again').fill('something else')
  await page.getByRole('button', { name: 'Create the vault' }).click()
  await visit('02-create-mistyped')
  await page.getByRole('button', { name: 'Suggest a passphrase' }).click()
  await page.getByRole('button', { name: 'Use it' }).click()
  await page.getByText('It is in both fields').waitFor()
  await visit('02-create-suggested')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByLabel('The same password again').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create the vault' }).click()
  await screen(page, 'recovery-offer')
  await visit('02-recovery-offer')
  await page.getByRole('button', { name: 'Make a recovery code' }).click()
  await readCode(page)
  await visit('02-recovery-offer-code')
  await page.getByRole('button', { name: 'Later' }).click()
  await screen(page, 'unlocked')
  await visit('03-open-empty')
  await page.getByRole('button', { name: 'Load the sample' }).click()
  await page.locator('#load-status').filter({ hasText: 'Loaded' }).waitFor()
  await page.getByRole('complementary', { name: 'Backup' }).waitFor()
  await visit('04-list')
  await page.getByLabel('Filter').fill('train')
  await page.locator('#list-status').filter({ hasText: 'match' }).waitFor()
  await visit('05-filter')
  await page.getByLabel('Filter').fill('')
  await page.keyboard.press('Control+k')
  await page.keyboard.type('one')
  await page.locator('#results[data-query="one"]').waitFor()
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await page.locator('#messages .found').waitFor()
  await visit('06-found')
  await page.keyboard.press('Control+k')
  await page.keyboard.type('couchete')
  await page.locator('#search-status').filter({ hasText: 'Showing results for' }).waitFor()
  await visit('07-corrected')
  await page.getByRole('button', { name: 'Clear the search' }).click()
  await page.locator('#recent').waitFor()
  await visit('08-recent-searches')
  await page.keyboard.press('Escape')
  await page.locator('[data-session="sample-night-train"]').click()
  await page.locator('#chat-status').filter({ hasText: 'messages' }).waitFor()
  await visit('09-chat')
  await page.getByPlaceholder('Write a message').fill('Does it also stop in Villach?')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.locator('#messages .content').filter({ hasText: 'You used 6 words.' }).waitFor()
  await visit('10-answered')
  await stopTime(page, IDLE_MS - 25_000)
  await page.locator('#lock-soon').getByText(/^Locks in 2\d s$/).waitFor()
  await visit('10-locks-soon')
  await page.keyboard.press('Shift')
  await page.locator('#lock-soon').waitFor({ state: 'hidden' })
  await stopTime(page, undefined)
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('button', { name: 'Check the vault' }).click()
  await page.locator('#check-status').filter({ hasText: 'in order' }).waitFor()
  await visit('11-settings')
  await walkKeys(page, PASSWORD, visit)
  await walkBackup(page, PASSWORD, visit)
  await walkImport(page, visit)
  await page.getByRole('button', { name: 'Lock', exact: true }).click()
  await screen(page, 'locked')
  await visit('38-locked')
  await page.getByLabel('Password', { exact: true }).fill('not the password')
  await page.getByRole('button', { name: 'Unlock' }).click()
  await page.getByText('not the password of this vault').waitFor({ timeout: 20_000 })
  await page.getByText('Password forgotten?').click()
  await visit('39-wrong-password')
  await walkRestore(page, visit)
  await walkOldKeys(page, PASSWORD, visit)
  const clearAll = `new Promise((done, failed) => { const open = indexedDB.open('sealed-vault:conversations'); open.onsuccess = () => {
    const names = [...open.result.objectStoreNames]; const transaction = open.result.transaction(names, 'readwrite')
    for (const name of names) transaction.objectStore(name).clear(); transaction.oncomplete = () => { open.result.close(); done() } }; open.onerror = failed })`
  await spoil(page, clearAll)
  await screen(page, 'wiped')
  await visit('48-wiped')
  const makeNewer = `new Promise((done) => { const gone = indexedDB.deleteDatabase('sealed-vault:conversations'); gone.onsuccess = () => {
    const open = indexedDB.open('sealed-vault:conversations', 99); open.onsuccess = () => { open.result.close(); done() } } })`
  await spoil(page, makeNewer)
  await screen(page, 'newer')
  await visit('49-newer')
  await page.addInitScript('Object.defineProperty(globalThis, "indexedDB", { get() { throw new DOMException("no", "SecurityError") } })')
  await page.reload()
  await screen(page, 'unavailable')
  await visit('50-unavailable')
}
