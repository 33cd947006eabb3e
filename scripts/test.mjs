// @ts-check
// `npm test`: the Node tests, then the same library in every browser of this machine, then the end-to-end tests.
//
//   npm test                        everything
//   npm test -- node webkit         only these suites
//   npm test -- node envelope       what follows the suite names goes to Vitest (file filters, -t, ...)
//
// SEALED_VAULT_REQUIRE_BROWSERS=1 turns a missing browser from a note into a failure.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { engines, findBrowser } from './browsers.mjs'

/** @typedef {{ passed: number, failed: number, skipped: number, failures?: readonly string[] }} Counts */

const suiteDeadlineMs = 20 * 60_000
const gracePeriodMs = 10_000
const root = fileURLToPath(new URL('..', import.meta.url))
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const browsersRequired = process.env['SEALED_VAULT_REQUIRE_BROWSERS'] === '1'

/**
 * Runs one suite in a process of its own, so that a hanging or crashing engine spoils only its own counts.
 * @param {string} suite
 * @param {string[]} vitestArguments
 * @returns {Promise<Counts>}
 */
async function runSuite(suite, vitestArguments) {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-vault-test-'))
  const countsFile = join(folder, 'counts.json')
  const reporters = ['--reporter=default', '--reporter=./scripts/count-reporter.mjs']
  const child = spawn(
    process.execPath,
    [vitest, 'run', '--project', suite, '--passWithNoTests', ...reporters, ...vitestArguments],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, SEALED_VAULT_COUNTS: countsFile } },
  )
  /** @type {NodeJS.Timeout | undefined} */
  let force
  const deadline = setTimeout(() => {
    console.log(`${suite}: stopped after ${suiteDeadlineMs / 60_000} minutes`)
    // The polite signal first: Vitest then closes the browsers it started.
    child.kill('SIGTERM')
    force = setTimeout(() => child.kill('SIGKILL'), gracePeriodMs)
  }, suiteDeadlineMs)
  const [exitCode] = await once(child, 'exit')
  clearTimeout(deadline)
  clearTimeout(force)
  const counts = readCounts(countsFile)
  rmSync(folder, { recursive: true, force: true })
  // A run that ended badly without naming a failed test has still failed.
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

/**
 * @param {string} file
 * @returns {Counts}
 */
function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}

/**
 * Why a suite cannot run on this machine, or undefined where it can.
 * @param {string} suite
 */
function missingFor(suite) {
  const engine = engines.find((name) => name === suite)
  if (engine) return findBrowser(engine) ? undefined : 'not found on this machine'
  if (suite === 'e2e' && !findBrowser('chromium') && !findBrowser('firefox')) return 'needs chromium or firefox'
  return undefined
}

/** @param {Counts} counts */
const describe = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`

const allSuites = ['node', ...engines, 'e2e']
const given = process.argv.slice(2)
const firstOther = given.findIndex((argument) => !allSuites.includes(argument))
const named = firstOther === -1 ? given : given.slice(0, firstOther)
const vitestArguments = firstOther === -1 ? [] : given.slice(firstOther)
const suites = named.length > 0 ? allSuites.filter((suite) => named.includes(suite)) : allSuites

const total = { passed: 0, failed: 0, skipped: 0 }
const summary = []
// Once more at the end: what failed in one suite is long out of sight when the last one ends.
const failures = []
for (const suite of suites) {
  const missing = missingFor(suite)
  if (missing) {
    if (browsersRequired) total.failed++
    summary.push(`${suite}: not run (${missing})`)
    continue
  }
  const counts = await runSuite(suite, vitestArguments)
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
  failures.push(...(counts.failures ?? []).map((failure) => `${suite}: ${failure}`))
  summary.push(`${suite}: ${describe(counts)}`)
}

if (failures.length > 0) console.log(`\nfailed:\n${failures.join('\n')}`)
console.log(`\n${summary.join('\n')}\n\n${describe(total)}`)
process.exitCode = total.failed > 0 || total.passed + total.failed === 0 ? 1 : 0
