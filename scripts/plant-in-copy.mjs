// @ts-check
// Mistakes are planted in a copy of the repository, never in the repository.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const copied = ['src', 'test', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.test.json', 'vitest.config.ts']

/** A copy with packages linked one by one, so that what Vite keeps beside them is the copy's own. @returns {string} */
export function copyRepository() {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-vault-plant-'))
  for (const path of copied) cpSync(join(root, path), join(folder, path), { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  }
  return folder
}

/**
 * A file of the repository with other text in it.
 * @param {string} file
 * @param {readonly { find: string, replace: string }[]} changes each text must be there once, or the sources have changed and the script must follow
 * @param {string} script
 */
export function changedText(file, changes, script) {
  let text = readFileSync(join(root, file), 'utf8')
  for (const { find, replace } of changes) {
    const times = text.split(find).length - 1
    if (times !== 1) throw new Error(`${file} holds ${JSON.stringify(find.trim())} ${times} times, not once: what is planted no longer fits, adapt ${script}`)
    text = text.replace(find, () => replace)
  }
  return text
}
