// @ts-check
// `npm run plant-await`: shows that the browser tests would catch the oldest mistake with IndexedDB, waiting for something else
// inside a transaction. It goes into a copy of the sources; Firefox and WebKit must refuse the writes, Chromium may let it pass.
//
//   npm run plant-await                      every engine of this machine
//   npm run plant-await -- firefox webkit    only these
//
// Succeeds only if the copy passed before, and Firefox or WebKit failed because of the mistake and of nothing else.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { engines, findBrowser } from './browsers.mjs'
import { changedText, copyRepository } from './plant-in-copy.mjs'

/** Creates a vault, writes all kinds of records, folds them and reads them again. */
const writingTest = 'test/browser/vault.test.ts'
const runDeadlineMs = 4 * 60_000

/**
 * The mistake, between the requests that look and those that write: each text must be there once, or the sources have changed and
 * this script must follow them.
 */
const target = 'src/stores/write-transaction.ts'
const plantings = [
  { find: 'return new Promise((resolve, reject) => {', replace: 'return new Promise(async (resolve, reject) => {' },
  { find: '      let last: IDBRequest | undefined\n', replace: "      await crypto.subtle.digest('SHA-256', new Uint8Array(1024))\n      let last: IDBRequest | undefined\n" },
]
/** How engines refuse a request of a transaction that nothing kept open; or it had completed by then, and nothing was written at all. */
const refusal = /(?:TransactionInactiveError|InvalidStateError|the manifest is missing)[^\n]*/

/** @param {string} folder */
function plant(folder) {
  writeFileSync(join(folder, target), changedText(target, plantings, 'scripts/plant-await.mjs'))
}

/**
 * Runs the writing test in one engine.
 * @param {string} folder
 * @param {string} engine
 */
async function runTest(folder, engine) {
  const countsFile = join(folder, 'counts.json')
  rmSync(countsFile, { force: true })
  const vitest = join(folder, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=./scripts/count-reporter.mjs']
  const child = spawn(process.execPath, [vitest, 'run', '--project', engine, ...reporters, writingTest], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', SEALED_VAULT_COUNTS: countsFile },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  // The polite signal: Vitest then closes the browsers it started.
  const deadline = setTimeout(() => child.kill('SIGTERM'), runDeadlineMs)
  const [exitCode] = await once(child, 'close')
  clearTimeout(deadline)
  let counts = { passed: 0, failed: 0 }
  try {
    counts = JSON.parse(readFileSync(countsFile, 'utf8'))
  } catch {
    // It ended before it had counted.
  }
  return { passed: exitCode === 0 && counts.passed > 0, failedTests: counts.failed, refusal: refusal.exec(output)?.[0].trim(), output }
}

const named = process.argv.slice(2)
const unknown = named.find((name) => !engines.some((engine) => engine === name))
if (unknown !== undefined) throw new Error(`there is no engine ${unknown}`)
const wanted = engines.filter((engine) => named.length === 0 || named.includes(engine))
const present = wanted.filter((engine) => findBrowser(engine) !== undefined)
for (const engine of wanted) if (!present.includes(engine)) console.log(`${engine}: not run (not found on this machine)`)

let caught = 0
let broken = 0
const folder = copyRepository()
try {
  for (const engine of present) {
    const { passed, output } = await runTest(folder, engine)
    console.log(`${engine}: the sources as they are ${passed ? 'pass' : 'FAIL, so nothing can be said'}`)
    if (passed) continue
    broken++
    console.log(output)
  }
  plant(folder)
  console.log(`planted an await between looking and writing into a copy of ${target}`)
  for (const engine of present) {
    const result = await runTest(folder, engine)
    if (result.passed) {
      console.log(`${engine}: passes all the same, it hides the mistake`)
    } else if (result.failedTests > 0 && result.refusal !== undefined) {
      console.log(`${engine}: fails, ${result.refusal}`)
      if (engine !== 'chromium') caught++
    } else {
      broken++
      console.log(`${engine}: FAILS, but for another reason`)
      console.log(result.output)
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const ok = caught > 0 && broken === 0
console.log(ok ? 'the mistake is caught' : caught === 0 ? 'NOT CAUGHT: neither Firefox nor WebKit failed because of the mistake' : 'something else is broken')
process.exitCode = ok ? 0 : 1
