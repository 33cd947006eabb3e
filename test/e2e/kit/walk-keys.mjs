// @ts-check
// The way through what the settings say of keys and of what is stored.

/** @typedef {import('playwright').Page} Page */
/** @typedef {(screen: string) => Promise<void>} Visit */

const YEAR_AND_MORE_MS = 500 * 86_400_000

/** @param {Page} page @param {string} selector @param {string | RegExp} text */
const says = (page, selector, text) => page.locator(selector).filter({ hasText: text }).waitFor({ timeout: 20_000 })

/** @param {Page} page @param {string} selector */
const show = (page, selector) => page.locator(selector).evaluate((element) => element.scrollIntoView())

/** @param {Page} page @param {string} password @param {string} action */
async function makeKeys(page, password, action = 'Make new keys') {
  await page.getByLabel('Password of the vault').fill(password)
  await page.getByRole('button', { name: action }).click()
}

/** Has the page pause by itself in the middle. @param {Page} page */
function pauseInTheMiddle(page) {
  return page.evaluate(() => {
    const observer = new MutationObserver(() => {
      const bar = /** @type {HTMLProgressElement | null} */ (document.querySelector('#keys-progress progress'))
      const button = /** @type {HTMLButtonElement | null} */ (document.querySelector('#keys-progress button'))
      if (bar === null || bar.value < bar.max / 3) return
      observer.disconnect()
      button?.click()
    })
    observer.observe(/** @type {Element} */ (document.getElementById('app')), { childList: true, subtree: true, characterData: true, attributes: true })
  })
}

/** Begins and ends with the settings open. @param {Page} page @param {string} password of the vault @param {Visit} visit */
export async function walkKeys(page, password, visit) {
  await page.getByLabel('Open in every tab when one is unlocked').check()
  await show(page, '#share-unlock')
  await visit('11-other-tabs')
  await page.getByLabel('Open in every tab when one is unlocked').uncheck()
  await show(page, '#slots')
  await visit('11-ways-in')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await show(page, '#slots')
  await visit('11-ways-in-one-more')
  await page.getByRole('button', { name: 'Leave it as it is' }).click()
  await makeKeys(page, 'not the password')
  await says(page, '#keys-problem', 'not the password')
  await show(page, '#new-keys')
  await visit('12-new-keys-refused')
  await makeKeys(page, password)
  await says(page, '#keys-report', 'gone')
  await show(page, '#new-keys')
  await visit('13-new-keys-made')
  await page.getByRole('button', { name: 'Look at what is stored' }).click()
  await says(page, '#audit-status', 'are sealed')
  await show(page, '#audit-status')
  await visit('14-audit')
  await show(page, '#audit-unsealed')
  await visit('15-audit-not-sealed')
  await page.getByText('What the words mean').click()
  await show(page, '#audit-tells')
  await visit('16-audit-tells')
}

/** Many short conversations, as a file. */
function manyConversations() {
  const lines = Array.from({ length: 600 }, (_, i) => JSON.stringify({ id: `many-${i}`, source: 'many', lang: 'en', participants: ['you'], messages: [{ id: `many-${i}#0`, senderId: 'you', type: 'user', content: `Note ${i} of many` }] }))
  return { name: 'many.ndjson', mimeType: 'application/x-ndjson', buffer: Buffer.from(lines.join('\n')) }
}

/** Damages one row of conversations and puts one there that is nobody's. @param {Page} page */
function damageRows(page) {
  return page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('sealed-vault:conversations')
        opening.onerror = reject
        opening.onsuccess = () => {
          const transaction = opening.result.transaction(['pages', 'blobs'], 'readwrite')
          const looking = transaction.objectStore('pages').openCursor()
          looking.onsuccess = () => {
            const cursor = /** @type {IDBCursorWithValue} */ (looking.result)
            const value = /** @type {Uint8Array} */ (cursor.value).slice()
            value[value.length >> 1] = ~(/** @type {number} */ (value[value.length >> 1]))
            cursor.update(value)
          }
          transaction.objectStore('blobs').put(new Uint8Array(300).fill(7), new Uint8Array(16).fill(7).buffer)
          transaction.onerror = reject
          transaction.oncomplete = () => {
            opening.result.close()
            resolve(undefined)
          }
        }
      }),
  )
}

/** Keys that are old, being made and kept. Begins at the locked vault, ends with the vault open. @param {Page} page @param {string} password @param {Visit} visit */
export async function walkOldKeys(page, password, visit) {
  await page.addInitScript(`{ const { now } = Date; Date.now = () => now() + ${YEAR_AND_MORE_MS} }`)
  await page.reload()
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Unlock' }).click()
  await page.locator('[data-screen="unlocked"]').waitFor({ timeout: 20_000 })
  await page.getByLabel('From a file').setInputFiles(manyConversations())
  await says(page, '#load-status', 'Loaded 600')
  await page.getByRole('complementary', { name: 'Backup' }).waitFor()
  await page.getByRole('complementary', { name: 'Keys' }).waitFor()
  await visit('42-keys-are-old')
  await page.getByRole('button', { name: 'See what new keys do' }).click()
  await visit('43-new-keys')
  await pauseInTheMiddle(page)
  await makeKeys(page, password)
  await says(page, '#keys-status', 'Paused')
  await show(page, '#new-keys')
  await visit('44-new-keys-paused')
  await page.getByRole('button', { name: 'Settings' }).click()
  await says(page, '[aria-label="Keys"]', 'paused')
  await visit('45-new-keys-beside')
  await page.getByRole('button', { name: 'Details' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
  await says(page, '#keys-report', 'gone')
  await damageRows(page)
  await makeKeys(page, password)
  await says(page, '#keys-kept', 'Old keys are kept')
  await page.getByRole('button', { name: 'Give up the damaged rows' }).click()
  await show(page, '#new-keys')
  await visit('46-keys-kept')
  await page.getByRole('button', { name: 'Look at what is stored' }).click()
  await page.locator('[data-alarm]').waitFor()
  await show(page, '#audit-status')
  await visit('47-audit-alarm')
}
