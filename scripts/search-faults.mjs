// @ts-check
// The faults that `npm run plant-search-faults` plants. Each `find` must be in its file once; each must make the tests fail.

/**
 * @typedef {object} Fault
 * @property {string} why what it does to somebody who searches
 * @property {string} file
 * @property {string} find
 * @property {string} replace
 * @property {readonly string[]} [tests] those that must see it; `usualTests` when left out
 */

/** Quick ones: the table and rules by hand, the truth, the slice of random queries, and that of random histories. */
export const usualTests = ['test/search/tokenizer.test.ts', 'test/search/truth.test.ts', 'test/search/same-answers.test.ts', 'test/property/search.test.ts']

/** @type {readonly Fault[]} */
export const faults = [
  {
    why: 'a sigma at the end of a word is another letter',
    file: 'src/vault/search/fold.ts',
    find: 'ħŧıς]/gu',
    replace: 'ħŧı]/gu',
  },
  {
    why: 'the last sign of a run without spaces is not found alone',
    file: 'src/vault/search/tokenizer.ts',
    find: 'if (before !== undefined) this.#add(before.term, before.start, start + run.length, { last: true, firstEnd: start + run.length })',
    replace: 'if (before !== undefined && before.start === start) this.#add(before.term, before.start, start + run.length, { last: true, firstEnd: start + run.length })',
  },
  {
    why: 'a compound takes up one place, whatever it is made of',
    file: 'src/vault/search/tokenizer.ts',
    find: 'span: this.#position - first,',
    replace: 'span: 1,',
  },
  {
    why: 'long words are cut one unit late',
    file: 'src/vault/search/tokenizer.ts',
    find: 'Math.min(run.length, at + LONGEST_WORD)',
    replace: 'Math.min(run.length, at + LONGEST_WORD + 1)',
  },
  {
    why: 'words left out are left in when any of the others will do',
    file: 'src/vault/search/match.ts',
    find: 'const excluded = met && query.unwanted',
    replace: "const excluded = met && match === 'all' && query.unwanted",
  },
  {
    why: 'the end of an infix must be the end of the word',
    file: 'src/vault/search/query.ts',
    find: "clauseOf(bare!, 'ends', after === '' ? 'equal' : 'begins')",
    replace: "clauseOf(bare!, 'ends', 'equal')",
  },
  {
    why: 'of messages of one moment the oldest come first',
    file: 'src/vault/search/search-messages.ts',
    find: 'b.logNumber - a.logNumber || b.number - a.number',
    replace: 'b.logNumber - a.logNumber || a.number - b.number',
    tests: ['test/search/same-answers.test.ts'],
  },
  {
    why: 'messages without a session pass a filter for sessions',
    file: 'src/vault/search/search-messages.ts',
    find: 'if (session === undefined || sessionIds?.has(session.id) === false) return false',
    replace: 'if (session === undefined) return true\n  if (sessionIds?.has(session.id) === false) return false',
    tests: ['test/property/search.test.ts'],
  },
]
