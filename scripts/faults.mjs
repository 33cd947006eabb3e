// @ts-check
// `npm run faults`: what breaks when something else breaks. Takes long, so it is no part of `npm test`.
//
//   npm run faults                       all of these
//   npm run faults -- matrix             a failure at every call the vault makes to its store
//   npm run faults -- kills              kill -9 of real browsers in the middle of a bulk load
//   npm run faults -- at-rest            whether copies of the disk tell which words are in the index, by trial
//   npm run faults -- search             random queries over every real corpus at hand (SEALED_VAULT_DATA, or ../shared/data) answered as a plain walk does
//   npm run faults -- histories          the same while messages come, change and go, with crashes between any two calls to the store
//   npm run faults -- archives           every flipped bit, every truncation and 10,001 mutations of an archive refused, and every real corpus at hand
//                                        exported, by Node and each browser found, and read by the stand-alone reader
//   npm run faults -- devices            two and three devices that diverge by a thousand edits each and exchange archives
//   npm run faults -- imports            an import that is cut off at every call it makes to the store; and by kill -9 in a real browser
//   npm run faults -- locks              a lock at 100 moments of unlock, write, search, export, import and rotation
//   npm run faults -- rotations          a rotation of keys that is cut off at every call it makes to the store, at any moment; and by kill -9 in real browsers
//   npm run faults -- life               archiving, clean-up and deleting over years of 600 sessions and of 2,000 with 100,000 messages, cut off at every call to the store
//   npm run faults -- worlds             a world of 200 entities and twenty chats for 10,000 frames in Chromium, whose process dies twice; ms of the main thread in each frame
//
//   --seed N                             another history, other moments, other queries; 1 when left out
//   --part I/N                           of the matrix, of attacks on archives and corpora in them, of imports, rotations and life, only the I-th of N parts
//   --engine chromium|firefox            kills in this engine only
//   --kills N                            kills in each engine; 20 when left out
//   --corpus NAME                        search, or export, only corpora whose names begin like this
//   --queries N                          queries over each corpus; 2000 when left out
//   --histories N                        histories, of as many seeds; 200 when left out
//
// SEALED_VAULT_REQUIRE_BROWSERS=1 turns a missing browser from a note into a failure.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runImportKills } from '../test/faults/import-kills.mjs'
import { killEngines, serveKillPage } from '../test/faults/kill-browsers.mjs'
import { runKills } from '../test/faults/kill-runs.mjs'
import { runRotationKills } from '../test/faults/rotation-kills.mjs'
import { findBrowser } from './browsers.mjs'

/** @typedef {{ passed: number, failed: number }} Counts */

const root = fileURLToPath(new URL('..', import.meta.url))
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')

/** @param {string} problem @returns {never} */
function refuse(problem) {
  console.error(problem)
  process.exit(2)
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string' },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    part: { type: 'string' },
    corpus: { type: 'string' },
    queries: { type: 'string', default: '2000' },
    histories: { type: 'string', default: '200' },
  },
})
const { engine: onlyEngine, part, corpus } = options
const kills = Number(options.kills)
const seed = Number(options.seed)
const queries = Number(options.queries)
const histories = Number(options.histories)
const runs = /** @type {const} */ ([['matrix', runMatrix], ['kills', runAllKills], ['at-rest', runAtRest], ['search', runSearch], ['histories', runHistories], ['archives', runArchives], ['devices', runDevices], ['imports', runImports], ['rotations', runRotations], ['locks', runLocks], ['life', runLife], ['worlds', runWorlds]])
const engines = killEngines.filter((engine) => onlyEngine === undefined || engine === onlyEngine)
if (positionals.some((name) => !runs.some(([known]) => known === name))) refuse(`say ${runs.map(([name]) => name).join(', ')} or nothing`)
if (engines.length === 0) refuse(`--engine must be one of ${killEngines.join(', ')}`)
if (!Number.isInteger(kills) || kills < 1) refuse('--kills must be a whole number from 1')
if (!Number.isInteger(queries) || queries < 1) refuse('--queries must be a whole number from 1')
if (!Number.isInteger(histories) || histories < 1) refuse('--histories must be a whole number from 1')
if (!Number.isInteger(seed) || seed < 0) refuse('--seed must be a whole number from 0')
const [, at, of] = /^(\d+)\/(\d+)$/.exec(part ?? '1/1') ?? refuse('--part must look like 1/4')
if (Number(at) < 1 || Number(at) > Number(of)) refuse('--part must name one of its parts, the first is 1')

/**
 * Runs one test file, of the Node suite unless others are named, as long as it takes.
 * @param {string} file
 * @param {Record<string, string | undefined>} settings environment
 * @returns {Promise<Counts>}
 */
async function runTestFile(file, settings, projects = ['node']) {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-vault-faults-'))
  const countsFile = join(folder, 'counts.json')
  // Console output goes straight through: what a long run says of its progress should be seen while it runs.
  const reporters = ['--reporter=default', '--reporter=./scripts/count-reporter.mjs', '--disable-console-intercept=true']
  const env = { ...process.env, SEALED_VAULT_FAULTS: 'full', SEALED_VAULT_SEED: String(seed), SEALED_VAULT_COUNTS: countsFile, ...settings }
  const child = spawn(process.execPath, [vitest, 'run', file, ...projects.flatMap((project) => ['--project', project]), ...reporters], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env })
  const [exitCode] = await once(child, 'exit')
  /** @type {Counts} */
  let counts = { passed: 0, failed: 0 }
  try {
    counts = JSON.parse(readFileSync(countsFile, 'utf8'))
  } catch {
    // It ended before it had counted.
  }
  rmSync(folder, { recursive: true, force: true })
  if ((exitCode !== 0 || counts.passed === 0) && counts.failed === 0) counts.failed = 1
  return counts
}

/** @returns {Promise<Counts>} */
function runMatrix() {
  return runTestFile('test/faults/crash-matrix.test.ts', part === undefined ? {} : { SEALED_VAULT_FAULTS_PART: part })
}

/** @returns {Promise<Counts>} */
function runAtRest() {
  return runTestFile('test/search/at-rest.test.ts', {})
}

/** @returns {Promise<Counts>} */
function runSearch() {
  return runTestFile('test/search/same-answers.test.ts', { SEALED_VAULT_QUERIES: String(queries), ...(corpus !== undefined && { SEALED_VAULT_CORPUS: corpus }) })
}

/** @returns {Promise<Counts>} */
async function runHistories() {
  const settings = { SEALED_VAULT_SEEDS: String(histories) }
  const one = await runTestFile('test/property/search.test.ts', settings)
  const two = await runTestFile('test/property/search-imports.test.ts', settings)
  return { passed: one.passed + two.passed, failed: one.failed + two.failed }
}

/** @returns {Promise<Counts>} */
async function runArchives() {
  const settings = { ...(part !== undefined && { SEALED_VAULT_FAULTS_PART: part }), ...(corpus !== undefined && { SEALED_VAULT_CORPUS: corpus }) }
  const counts = { passed: 0, failed: 0 }
  for (const file of ['test/faults/archive-corpora.test.ts', 'test/archive/property.test.ts', 'test/faults/archive-attacks.test.ts']) {
    const { passed, failed } = await runTestFile(file, settings)
    counts.passed += passed
    counts.failed += failed
  }
  // Parts are for what takes long in Node.
  for (const engine of part === undefined || Number(at) === 1 ? /** @type {const} */ (['chromium', 'firefox', 'webkit']) : []) {
    if (findBrowser(engine) === undefined) {
      console.log(`${engine}: not run (not found on this machine)`)
      if (process.env['SEALED_VAULT_REQUIRE_BROWSERS'] === '1') counts.failed++
      continue
    }
    const { passed, failed } = await runTestFile('test/browser/archive-corpora.test.ts', settings, [engine])
    counts.passed += passed
    counts.failed += failed
  }
  return counts
}

/** @returns {Promise<Counts>} */
function runLocks() {
  return runTestFile('test/slots/lock-anywhere.test.ts', {})
}

/** @returns {Promise<Counts>} */
async function runLife() {
  const settings = part === undefined ? {} : { SEALED_VAULT_FAULTS_PART: part }
  const quiet = await runTestFile('test/system/life/year.test.ts', { ...settings, SEALED_VAULT_YEAR: 'quiet' })
  const large = await runTestFile('test/system/life/year.test.ts', settings)
  return { passed: quiet.passed + large.passed, failed: quiet.failed + large.failed }
}

/** @returns {Promise<Counts>} */
function runWorlds() {
  return runTestFile('test/e2e/world.test.ts', {}, ['e2e'])
}

/** @returns {Promise<Counts>} */
function runDevices() {
  return runTestFile('test/merge/two-devices.test.ts', {})
}

/** @returns {Promise<Counts>} */
async function runImports() {
  const counts = await runTestFile('test/faults/import-crashes.test.ts', part === undefined ? {} : { SEALED_VAULT_FAULTS_PART: part })
  const hostile = await runTestFile('test/merge/hostile-import.test.ts', {})
  counts.passed += hostile.passed
  counts.failed += hostile.failed
  if (part !== undefined && Number(at) !== 1) return counts
  const { passed, failed } = await inKilledBrowsers(runImportKills)
  return { passed: counts.passed + passed, failed: counts.failed + failed }
}

/** @returns {Promise<Counts>} */
async function runRotations() {
  const counts = await runTestFile('test/faults/rotation-crashes.test.ts', part === undefined ? {} : { SEALED_VAULT_FAULTS_PART: part })
  if (part !== undefined && Number(at) !== 1) return counts
  const stress = await runTestFile('test/rotation/stress.test.ts', {})
  counts.passed += stress.passed
  counts.failed += stress.failed
  const { passed, failed } = await inKilledBrowsers(runRotationKills)
  return { passed: counts.passed + passed, failed: counts.failed + failed }
}

/** @returns {Promise<Counts>} */
function runAllKills() {
  return inKilledBrowsers(runKills)
}

/** @param {typeof runKills} runInEngine @returns {Promise<Counts>} */
async function inKilledBrowsers(runInEngine) {
  const counts = { passed: 0, failed: 0 }
  const found = engines.filter((engine) => findBrowser(engine) !== undefined)
  for (const engine of engines) {
    if (found.includes(engine)) continue
    console.log(`${engine}: not run (not found on this machine)`)
    if (onlyEngine !== undefined || process.env['SEALED_VAULT_REQUIRE_BROWSERS'] === '1') counts.failed++
  }
  if (found.length === 0) return counts
  const server = await serveKillPage()
  try {
    for (const engine of found) {
      const { passed, failed } = await runInEngine({ engine, server, kills, seed })
      counts.passed += passed
      counts.failed += failed
    }
  } finally {
    await server.close()
  }
  return counts
}

const total = { passed: 0, failed: 0 }
for (const [name, run] of runs) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const { passed, failed } = await run()
  total.passed += passed
  total.failed += failed
  console.log(`${name}: ${passed} passed, ${failed} failed`)
}
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
