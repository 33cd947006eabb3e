// @ts-check
// The way through the screens of backups and recovery codes; begins at the open settings, ends with the vault open.

import { fillTwice, readCode, typeBack } from './backup-steps.mjs'

/** @typedef {import('playwright').Page} Page */

/** The backup that was downloaded last, as if it were chosen from the downloads. @param {Page} page */
function chooseHeldBackup(page) {
  return page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('backups-on-their-way')
    const files = new DataTransfer()
    for await (const handle of folder.values()) files.items.add(new File([await /** @type {FileSystemFileHandle} */ (handle).getFile()], 'conversations-2026-03-05-1430.svault'))
    const input = /** @type {HTMLInputElement} */ (document.querySelector('.file-choice input'))
    input.files = files.files
    input.dispatchEvent(new Event('change', { bubbles: true }))
  })
}

/** @param {Page} page @param {string} password of the vault @param {(screen: string) => Promise<void>} visit */
export async function walkBackup(page, password, visit) {
  /** @param {string} name */
  const press = (name) => page.getByRole('button', { name }).click()
  await page.locator('#backup-status').scrollIntoViewIfNeeded()
  await visit('12-settings-backup')
  await press('Download a backup')
  await page.getByLabel('A recovery code that I print').check()
  await fillTwice(page, 'Password for the file', 'eleven quiet lanterns', 'The same password again')
  await page.getByText('to guess it.').waitFor()
  await visit('13-backup-secrets')
  await press('Go on to the code')
  const code = await readCode(page)
  await visit('14-backup-code')
  await typeBack(page, code, () => 'nope')
  await press('Download the backup')
  await visit('15-backup-code-mistyped')
  await typeBack(page, code)
  await press('Download the backup')
  await page.locator('#backup-made').waitFor({ timeout: 20_000 })
  await visit('16-backup-made')
  await press('Verify it now')
  await visit('17-verify')
  await chooseHeldBackup(page)
  await page.getByLabel('Password of the file').fill('not the password')
  await page.getByRole('button', { name: 'Verify', exact: true }).click()
  await page.locator('#verify-problem').filter({ hasText: 'not the password' }).waitFor({ timeout: 20_000 })
  await visit('18-verify-refused')
  await press('Use its recovery code')
  await page.getByLabel('Recovery code of the file').fill(code.toLowerCase())
  await page.getByRole('button', { name: 'Verify', exact: true }).click()
  await page.locator('#verify-status').filter({ hasText: 'Verified' }).waitFor()
  await visit('19-verified')
  await press('Go back')
  await page.locator('#backup-status').filter({ hasText: 'nothing changed' }).waitFor()
  await press('Export for other programs')
  await visit('20-plain')
  await press('Go back')
  await press('Make a recovery code')
  await page.getByLabel('Password of the vault').fill(password)
  await visit('21-vault-code')
  await press('Make the code')
  const vaultCode = await readCode(page)
  await visit('22-vault-code-shown')
  await typeBack(page, vaultCode)
  await press('Check what I have typed')
  await visit('23-vault-code-kept')
  await page.getByRole('button', { name: 'Lock', exact: true }).click()
  await page.locator('[data-screen="locked"]').waitFor()
  await press('Use your recovery code')
  await page.getByLabel('Recovery code').fill(vaultCode.replace(/.$/, '='))
  await press('Unlock')
  await page.getByText('no recovery code has').waitFor()
  await visit('24-code-refused')
  await page.getByLabel('Recovery code').fill(vaultCode)
  await press('Unlock')
  await page.locator('[data-screen="new-password"]').waitFor()
  await visit('25-new-password')
  await press('Not now')
  await page.locator('[data-screen="unlocked"]').waitFor()
}
