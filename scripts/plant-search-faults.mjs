// @ts-check
// `npm run plant-search-faults`: shows that the tests of the search would catch mistakes in it. Each fault of `search-faults.mjs` goes
// alone into a copy of the sources, and the quick tests must fail there, because of a test and not because nothing ran.
//
//   npm run plant-search-faults              all of them
//   npm run plant-search-faults -- 3 5       only these, by number
//
// Succeeds only if the copy passes without a fault, and every fault is caught.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { changedText, copyRepository } from './plant-in-copy.mjs'
import { faults, usualTests } from './search-faults.mjs'

/** @typedef {import('./search-faults.mjs').Fault} Fault */

const root = fileURLToPath(new URL('..', import.meta.url))
const runDeadlineMs = 180_000

/**
 * Runs tests until one fails.
 * @param {string} folder
 * @param {readonly string[]} tests
 * @returns {Promise<{ passed: number, failed: string[], output: string }>} the names of tests that failed; files that did not load are none
 */
async function runTests(folder, tests) {
  const results = join(folder, 'results.json')
  rmSync(results, { force: true })
  const vitest = join(folder, 'node_modules', 'vitest', 'vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', '--project', 'node', '--bail=1', '--reporter=json', `--outputFile=${results}`, ...tests], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', SEALED_VAULT_SEEDS: '3' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const deadline = setTimeout(() => child.kill('SIGTERM'), runDeadlineMs)
  await once(child, 'close')
  clearTimeout(deadline)
  try {
    /** @type {{ numPassedTests: number, testResults: { assertionResults: { status: string, fullName: string }[] }[] }} */
    const { numPassedTests, testResults } = JSON.parse(readFileSync(results, 'utf8'))
    const failed = testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === 'failed')
    return { passed: numPassedTests, failed: failed.map(({ fullName }) => fullName), output }
  } catch {
    return { passed: 0, failed: [], output }
  }
}

const wanted = process.argv.slice(2).map(Number)
if (wanted.some((number) => faults[number - 1] === undefined)) {
  console.error(`say numbers from 1 to ${faults.length}, or nothing`)
  process.exit(2)
}
const chosen = faults.map((fault, index) => ({ number: index + 1, fault })).filter(({ number }) => wanted.length === 0 || wanted.includes(number))

let survived = 0
const folder = copyRepository()
try {
  // Before any of them is tried: a fault that no longer fits says nothing.
  const planted = chosen.map(({ number, fault }) => ({ number, fault, text: changedText(fault.file, [fault], 'scripts/search-faults.mjs') }))
  const sound = await runTests(folder, [...new Set([...usualTests, ...chosen.flatMap(({ fault }) => fault.tests ?? [])])])
  if (sound.passed === 0 || sound.failed.length > 0) {
    console.log(sound.failed.join('\n') || sound.output)
    throw new Error('the sources as they are do not pass, so nothing can be said')
  }
  console.log(`without a fault ${sound.passed} tests pass`)
  for (const { number, fault, text } of planted) {
    const path = join(folder, fault.file)
    const began = performance.now()
    writeFileSync(path, text)
    const { failed } = await runTests(folder, fault.tests ?? usualTests)
    cpSync(join(root, fault.file), path)
    if (failed.length === 0) survived++
    console.log(`${String(number).padStart(2)}  ${failed.length > 0 ? 'caught  ' : 'SURVIVED'}  ${((performance.now() - began) / 1000).toFixed(0).padStart(3)} s  ${fault.file}: ${fault.why}${failed.length > 0 ? `\n      by "${failed[0]}"` : ''}`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(survived === 0 ? `all ${chosen.length} are caught` : `${survived} of ${chosen.length} SURVIVED`)
process.exitCode = survived === 0 ? 0 : 1
