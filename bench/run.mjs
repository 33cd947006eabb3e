// @ts-check
// `npm run bench -- write`, `npm run bench -- search`: measures the vault next to other stores, in a real browser, on fresh profiles.
// `npm run bench -- questions`: how well searches answer people's questions, next to another search library.
// `npm run bench -- archive`: everything into one file and back, next to another export.
// `npm run bench -- collection`: an app's own notes, next to plain Dexie.
// `npm run bench -- rotate`: new keys for everything, next to the rekeying of an encrypted SQLite.
// `npm run bench -- images`: a picture in every message, next to the base64 in plain records.
// `npm run bench -- prefetch`: the same openings of chats with and without fetching ahead.
//
//   --engine chromium|firefox        chromium when left out
//   --size 10000|100000|500000       about how many messages; 10000 when left out
//   --size 20|200|1000               images: how many messages; 200 when left out
//   --size 10|100|500                archive: about how many megabytes of JSON; 100 when left out
//   --size 1000|10000                collection: how many notes; 1000 when left out
//   --size 100|500                   prefetch: how many chats; 500 when left out
//   --json FILE                      also writes rows { suite, row, size, engine, subject, value, unit }
//   --subject A,B                    search: only these; all when left out
//   --max-build-minutes N            search: gives up a subject that is not ready to be searched by then; 10 when left out
//   --growth FILE,FILE...           instead of measuring, shows how our rows grow over the sizes that these were written for
//   --profile                        instead of measuring, shows by function where our time goes (Chromium)
//
// The conversations are those of the folder SEALED_VAULT_DATA, or of ../shared/data; where there is none, generated ones.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const here = fileURLToPath(new URL('.', import.meta.url))
const suiteNames = /** @type {const} */ (['write', 'search', 'questions', 'archive', 'rotate', 'collection', 'images', 'prefetch'])

/** What is compared with is installed here and now, so that nobody who only uses or tests the library carries it. */
function installPeers() {
  const wanted = JSON.parse(readFileSync(new URL('package-lock.json', import.meta.url), 'utf8')).packages
  const marker = new URL('node_modules/.package-lock.json', import.meta.url)
  const present = existsSync(marker) ? JSON.parse(readFileSync(marker, 'utf8')).packages : {}
  const missing = Object.keys(wanted).some((path) => path !== '' && !wanted[path].optional && present[path]?.version !== wanted[path].version)
  if (!missing) return
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) throw new Error('the packages of the benchmarks could not be installed', { cause: error })
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', default: 'chromium' },
    size: { type: 'string' },
    json: { type: 'string' },
    subject: { type: 'string' },
    'max-build-minutes': { type: 'string', default: '10' },
    growth: { type: 'string' },
    profile: { type: 'boolean', default: false },
  },
})

/**
 * @template {string | number} T
 * @param {string} what
 * @param {readonly T[]} allowed
 * @param {T} given
 */
function oneOf(what, allowed, given) {
  if (allowed.includes(given)) return given
  console.error(`${what} must be one of ${allowed.join(', ')}`)
  process.exit(2)
}

installPeers()
// Only now: these need what was just installed.
const { engines, withFreshProfile } = await import('./lib/browser.mjs')
const { makeCorpus, sizes } = await import('./lib/corpus.mjs')
const { growth, table } = await import('./lib/results.mjs')
const { servePage } = await import('./lib/server.mjs')

const engine = oneOf('--engine', engines, /** @type {import('./lib/browser.mjs').Engine} */ (options.engine))
const chosen = (positionals.length === 0 ? suiteNames : positionals).map((name) => oneOf('a suite', suiteNames, /** @type {typeof suiteNames[number]} */ (name)))

/** @param {string} name @returns {Promise<import('./lib/results.mjs').Suite>} */
const suiteNamed = async (name) => (await import(`./suites/${name}.mjs`)).suite

const maxBuildMinutes = Number(options['max-build-minutes'])
if (!(maxBuildMinutes > 0)) {
  console.error('--max-build-minutes must be a number above 0')
  process.exit(2)
}

if (options.growth !== undefined) {
  const earlier = options.growth.split(',').flatMap((file) => /** @type {import('./lib/results.mjs').Result[]} */ (JSON.parse(readFileSync(file, 'utf8'))))
  for (const name of chosen) {
    const suite = await suiteNamed(name)
    for (const subject of [suite.subjects[0] ?? '', suite.against]) console.log(`\n${name}, ${subject}, by --size\n${growth(suite, subject, earlier)}`)
  }
  process.exit()
}

/**
 * What a suite runs with; undefined where what was said of sizes is not for it, and all suites were asked for.
 * @param {import('./lib/results.mjs').Suite} suite
 */
function sizeFor({ sizes: own = sizes, usualSize = sizes[0] }) {
  const given = options.size === undefined ? usualSize : Number(options.size)
  return positionals.length === 0 && !own.includes(given) ? undefined : oneOf('--size', own, given)
}

/** @type {import('./lib/corpus.mjs').Corpus} */
let corpus = { from: '', conversations: [], messages: 0 }
let corpusOf = ''
// Suites share the page, each with its corpus.
const { close, ...page } = await servePage(() => corpus)
/** @type {import('./lib/results.mjs').Result[]} */
const results = []
try {
  for (const name of chosen) {
    const suite = await suiteNamed(name)
    const size = sizeFor(suite)
    if (size === undefined) {
      console.error(`\n${name} was left out: its --size is one of ${suite.sizes?.join(', ')}`)
      continue
    }
    const lacking = suite.lacking?.()
    if (lacking !== undefined) {
      console.error(`\n${name} was left out: ${lacking}`)
      // Whoever asks for all suites takes what this machine has; whoever asks for this one wants its figures.
      if (positionals.includes(name)) process.exitCode = 2
      continue
    }
    const make = suite.makeCorpus ?? makeCorpus
    if (corpusOf !== `${make.name} ${size}`) {
      corpus = make(size)
      corpusOf = `${make.name} ${size}`
      console.log(`${engine}, --size ${size}: ${corpus.conversations.length} conversations, ${corpus.messages} messages (${corpus.from})`)
    }
    const subjects = options.subject?.split(',').map((subject) => oneOf('--subject', suite.subjects, subject))
    /** @type {string[]} */
    const remarks = []
    const bench = {
      size,
      corpus,
      subjects,
      maxBuildMinutes,
      /** @type {import('./lib/results.mjs').Bench['withProfile']} */
      withProfile: (work) => withFreshProfile({ engine, ...page }, work),
      /** @type {import('./lib/results.mjs').Bench['report']} */
      report: (row, subject, value) => {
        const unit = suite.rows.find((known) => known.row === row)?.unit
        if (unit === undefined) throw new Error(`${suite.name} has no row ${row}`)
        results.push({ suite: suite.name, row, size, engine, subject, value, unit })
      },
      print: (/** @type {string} */ text) => console.log(`\n${text}`),
      remark: (/** @type {string} */ text) => {
        console.log(`  ${text}`)
        remarks.push(text)
      },
    }
    if (options.profile) {
      await suite.profile(bench)
      continue
    }
    try {
      await suite.measure(bench)
    } finally {
      // What was measured before something failed is shown all the same.
      console.log(`\n${table(suite, results)}\n`)
      for (const { row, what } of suite.rows) if (what !== undefined) console.log(`  ${row}: ${what}`)
      for (const remark of [...suite.remarks, ...remarks]) console.log(`  ${remark}`)
    }
  }
} finally {
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`)
  await close()
}
