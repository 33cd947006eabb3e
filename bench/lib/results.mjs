// @ts-check
// What a suite is, and how its results are shown.

/**
 * @typedef {{ atMost?: number, atLeast?: number, words?: string, over?: string | readonly string[], itself?: boolean }} Aim
 *   the first subject's value over that of `over` (of several, the greatest), or of the suite's `against`; or the value `itself`
 * @typedef {{ row: string, unit: 'ms' | 'bytes' | 'share' | 'MB/s', what?: string, aim?: Aim }} Row
 * @typedef {{ suite: string, row: string, size: number, engine: string, subject: string, value: number, unit: string }} Result
 *
 * @typedef {object} Bench
 * @property {number} size
 * @property {<T>(work: (tab: import('./browser.mjs').Tab) => Promise<T>) => Promise<{ result: T, diskBytes: number }>} withProfile
 * @property {(row: string, subject: string, value: number) => void} report
 * @property {(text: string) => void} print
 * @property {(text: string) => void} remark prints, and again under the results
 * @property {import('./corpus.mjs').Corpus} corpus
 * @property {string[] | undefined} subjects those to measure; all when undefined
 * @property {number} maxBuildMinutes
 *
 * @typedef {object} Suite
 * @property {string} name
 * @property {readonly string[]} subjects ours first
 * @property {string} against the subject aims are held against
 * @property {readonly Row[]} rows
 * @property {() => string | undefined} [lacking] what it cannot do without on this machine, if there is such a thing
 * @property {readonly number[]} [sizes] what `--size` may say here; numbers of messages, as `corpus.mjs` has them, when left out
 * @property {number} [usualSize] when nothing was said
 * @property {(size: number) => import('./corpus.mjs').Corpus} [makeCorpus] of one of these sizes
 * @property {readonly string[]} remarks what a reader of the numbers must know
 * @property {(bench: Bench) => Promise<void>} measure
 * @property {(bench: Bench) => Promise<void>} profile shows where the time of our rows goes
 */

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  if (upper === undefined) throw new Error('there is no median of nothing')
  return sorted.length % 2 === 1 ? upper : (/** @type {number} */ (sorted[middle - 1]) + upper) / 2
}

/**
 * The value that so many of a hundred do not exceed (nearest rank).
 * @param {readonly number[]} values
 * @param {number} share
 */
export function percentile(values, share) {
  const value = values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil((share / 100) * values.length) - 1)]
  if (value === undefined) throw new Error('there is no percentile of nothing')
  return value
}

/** @param {number} value @param {string} unit */
function shown(value, unit) {
  if (unit === 'share') return `${(100 * value).toFixed(2)} %`
  if (unit === 'bytes') return `${(value / 1e6).toFixed(2)} MB`
  return `${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3)} ${unit}`
}

/** @param {Aim} aim @param {string} unit */
function wordsOf({ atMost, atLeast, words, over, itself }, unit) {
  if (words !== undefined) return words
  const bound = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`
  if (itself === true) return `${bound} ${unit}`
  return `${bound}x${over === undefined ? '' : ` of ${[over].flat().join(' and ')}`}`
}

/** @param {Aim | undefined} aim @param {number | undefined} value */
function verdict(aim, value) {
  if (aim === undefined || value === undefined) return ''
  return value <= (aim.atMost ?? Infinity) && value >= (aim.atLeast ?? 0) ? 'met' : 'missed'
}

/**
 * The results of one suite side by side.
 * @param {Suite} suite
 * @param {readonly Result[]} results
 */
export function table(suite, results) {
  /** @param {string} row @param {string} subject */
  const valueOf = (row, subject) => results.find((result) => result.suite === suite.name && result.row === row && result.subject === subject)?.value
  const lines = [['row', ...suite.subjects, 'ratio', 'aim', '']]
  for (const { row, unit, aim } of suite.rows) {
    const values = suite.subjects.map((subject) => valueOf(row, subject))
    const references = [aim?.over ?? suite.against].flat().map((subject) => valueOf(row, subject)).filter((value) => value !== undefined)
    const reference = references.length === 0 ? undefined : Math.max(...references)
    const ratio = values[0] === undefined || reference === undefined || reference === 0 ? undefined : values[0] / reference
    lines.push([
      row,
      ...values.map((value) => (value === undefined ? '-' : shown(value, unit))),
      ratio === undefined ? '-' : `${ratio.toFixed(unit === 'share' ? 3 : 2)}x`,
      aim === undefined ? '' : wordsOf(aim, unit),
      verdict(aim, aim?.itself === true ? values[0] : ratio),
    ])
  }
  return aligned(lines, suite.subjects.length + 1)
}

/**
 * How the rows of one subject grow with the number of messages.
 * @param {Suite} suite
 * @param {string} subject
 * @param {readonly Result[]} results of several sizes
 */
export function growth(suite, subject, results) {
  const own = results.filter((result) => result.suite === suite.name && result.subject === subject)
  const sizes = [...new Set(own.map(({ size }) => size))].sort((a, b) => a - b)
  const lines = [['row', ...sizes.map(String), 'last over first']]
  for (const { row, unit } of suite.rows) {
    const values = sizes.map((size) => own.find((result) => result.row === row && result.size === size)?.value)
    const [first, last] = [values[0], values.at(-1)]
    if (values.every((value) => value === undefined)) continue
    lines.push([row, ...values.map((value) => (value === undefined ? '-' : shown(value, unit))), first === undefined || last === undefined || first === 0 ? '-' : `${(last / first).toFixed(1)}x`])
  }
  return aligned(lines, sizes.length + 1)
}

/** @param {string[][]} lines @param {number} numbers columns behind the first that are numbers */
function aligned(lines, numbers) {
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  return lines.map((line) => line.map((cell, column) => (column === 0 || column > numbers ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('   ').trimEnd()).join('\n')
}
