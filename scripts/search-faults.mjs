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

const histories = ['test/property/search.test.ts']

/** @type {readonly Fault[]} */
export const faults = [
  {
    why: 'a sigma at the end of a word is another letter',
    file: 'src/vault/search/words/fold.ts',
    find: 'ħŧıς]/gu',
    replace: 'ħŧı]/gu',
  },
  {
    why: 'the last sign of a run without spaces is not found alone',
    file: 'src/vault/search/words/tokenizer.ts',
    find: 'if (before !== undefined) this.#add(before.term, before.start, start + run.length, { last: true, firstEnd: start + run.length })',
    replace: 'if (before !== undefined && before.start === start) this.#add(before.term, before.start, start + run.length, { last: true, firstEnd: start + run.length })',
  },
  {
    why: 'a compound takes up one place, whatever it is made of',
    file: 'src/vault/search/words/tokenizer.ts',
    find: 'span: this.#position - first,',
    replace: 'span: 1,',
  },
  {
    why: 'long words are cut one unit late',
    file: 'src/vault/search/words/tokenizer.ts',
    find: 'Math.min(run.length, at + LONGEST_WORD)',
    replace: 'Math.min(run.length, at + LONGEST_WORD + 1)',
  },
  {
    why: 'words left out are left in when any of the others will do',
    file: 'src/vault/search/words/match.ts',
    find: '&& !query.unwanted.some(',
    replace: "&& !(match === 'all' ? query.unwanted : []).some(",
  },
  {
    why: 'the end of an infix must be the end of the word',
    file: 'src/vault/search/words/query.ts',
    find: "clauseOf(bare!, 'ends', after === '' ? 'equal' : 'begins')",
    replace: "clauseOf(bare!, 'ends', 'equal')",
  },
  {
    why: 'a word that white space follows is still the beginning of others',
    file: 'src/vault/search/words/query.ts',
    find: 'match.index + all.length === text.length',
    replace: 'match.index + all.length === text.trimEnd().length',
    tests: ['test/search/tokenizer.test.ts'],
  },
  {
    why: 'two letters swapped at the end of a word are two mistakes',
    file: 'src/vault/search/words/near.ts',
    find: 'found.charCodeAt(at + 1) === typed.charCodeAt(at) && goesOn(',
    replace: 'found.charCodeAt(at + 1) === typed.charCodeAt(at) && at + 2 < typed.length && goesOn(',
    tests: ['test/search/near.test.ts'],
  },
  {
    why: 'mistakes are forgiven in what is pending only',
    file: 'src/vault/search/segments/word-page.ts',
    find: 'for (let i = this.#firstFrom(BEHIND_EXACT); i < this.count; i++) if (compare(this.word(i), term)) visit(i)',
    replace: 'this.#forEachWith(term.term, visit)',
    tests: ['test/search/search-messages.test.ts', 'test/search/same-answers.test.ts'],
  },
  {
    why: 'a text of plain letters is passed over in which two letters were swapped in the middle of a word',
    file: 'src/vault/search/words/near.ts',
    find: 'typed.slice(0, half - 1) + typed[half]! + typed[half - 1]! + typed.slice(half + 1)',
    replace: 'typed',
    tests: ['test/search/near.test.ts'],
  },
  {
    why: 'deleted messages count in what is suggested',
    file: 'src/vault/search/messages/suggest.ts',
    find: 'if (hidden !== undefined) (known.doubtful ??= []).push(',
    replace: 'if (false) (known.doubtful ??= []).push(',
    tests: ['test/search/suggest.test.ts'],
  },
  {
    why: 'words that many deleted messages held keep others from being suggested',
    file: 'src/vault/search/messages/suggest.ts',
    find: 'if (found.length === limit && byMessages(found.at(-1)!, sorted[at]!) < 0) break',
    replace: 'if (found.length === limit) break',
    tests: ['test/search/suggest.test.ts'],
  },
  {
    why: 'of messages of one moment the oldest come first',
    file: 'src/vault/search/messages/candidates.ts',
    find: 'b.logNumber - a.logNumber || b.number - a.number',
    replace: 'b.logNumber - a.logNumber || a.number - b.number',
    tests: ['test/search/same-answers.test.ts'],
  },
  {
    why: 'messages without a session pass a filter for sessions',
    file: 'src/vault/search/options.ts',
    find: 'if (session === undefined || sessionIds?.has(session.id) === false) return false',
    replace: 'if (session === undefined) return true\n  if (sessionIds?.has(session.id) === false) return false',
    tests: ['test/property/search.test.ts'],
  },
  {
    why: 'an older segment still says what a newer one says otherwise',
    file: 'src/vault/search/index/live-index.ts',
    find: '} else numbers![number] = 1',
    replace: '} else if (i > 0) numbers![number] = 1',
    tests: histories,
  },
  {
    why: 'a folded message that was edited is missed until the next checkpoint',
    file: 'src/vault/search/index/live-index.ts',
    find: 'if (body !== null) pending.push(',
    replace: 'if (body !== null && number >= next) pending.push(',
    tests: histories,
  },
  {
    why: 'merging forgets that a message was deleted while an older segment still has it',
    file: 'src/vault/search/index/merge-tables.ts',
    find: 'into.set(stem, (into.get(stem) ?? new Set()).add(number))',
    replace: '',
    tests: [...histories, 'test/search/merging.test.ts'],
  },
  {
    why: 'of a list with several chunks the places of the last one are read from the one before',
    file: 'src/vault/search/segments/posting-list.ts',
    find: 'directory.places[chunk + 1] = places += reader.varint()',
    replace: 'places += reader.varint()\n      directory.places[chunk + 1] = chunk > 1 ? directory.places[chunk]! : places',
    tests: ['test/search/same-answers.test.ts'],
  },
  {
    why: 'the first word of a page is looked for in the page before',
    file: 'src/vault/search/segments/vocabulary.ts',
    find: 'if (tier[middle]!.first <= letters) low = middle',
    replace: 'if (tier[middle]!.first < letters) low = middle',
    tests: ['test/search/segment.test.ts'],
  },
  {
    why: 'hidden messages count when it is weighed how common a word is',
    file: 'src/vault/search/messages/segment-search.ts',
    find: '+= meant.most - gone.reduce((sum, count) => sum + count, 0)',
    replace: '+= meant.most + 0 * gone.length',
    tests: histories,
  },
  {
    why: 'the bound of a chunk forgets its shortest message',
    file: 'src/vault/search/segments/postings.ts',
    find: 'if (length < leastLengths[times]!) leastLengths[times] = length',
    replace: 'leastLengths[times] = length',
    tests: ['test/search/same-answers.test.ts'],
  },
  {
    why: 'where newer messages have some words with a part, those of older ones are never looked for',
    file: 'src/vault/search/messages/term-lists.ts',
    find: 'if (before > this.#segment.vocabulary.boundary) await this.complete()',
    replace: 'if (this.#words.length === 0) await this.complete()',
    tests: ['test/search/same-answers.test.ts'],
  },
  {
    why: 'a page of words is passed over because of the last page with some letters',
    file: 'src/vault/search/segments/word-parts.ts',
    find: 'bytes[bucket * width + (page >>> 3)]! |= 0x80 >>> (page & 7)',
    replace: 'bytes[bucket * width + (page >>> 3)] = 0x80 >>> (page & 7)',
    tests: ['test/search/segment.test.ts'],
  },
  {
    why: 'of messages that are worth the same an older one keeps its place',
    file: 'src/vault/search/messages/best-of-segment.ts',
    find: '(bound === this.#scores[0] && ordinal < this.#ordinals[0]!)',
    replace: '(bound === this.#scores[0] && ordinal > this.#ordinals[0]!)',
    tests: ['test/search/same-answers.test.ts'],
  },
  {
    why: 'what is to come is worth less than what is past',
    file: 'src/vault/search/messages/rank.ts',
    find: '2 ** (Math.min(0, time - now) / halfLife)',
    replace: '2 ** (Math.min(0, now - time) / halfLife)',
    tests: ['test/search/same-answers.test.ts'],
  },
  {
    why: 'what a load brought is missed until it is indexed',
    file: 'src/vault/search/messages/find-candidates.ts',
    find: '  await texts.readLogs(unread)\n',
    replace: '',
    tests: [...histories, 'test/search/index.test.ts'],
  },
  {
    why: 'merged messages of one moment change places',
    file: 'src/vault/search/index/merge-tables.ts',
    find: '|| y.logNumbers[y.at]! - x.logNumbers[x.at]! ||',
    replace: '||',
    tests: [...histories, 'test/search/merging.test.ts'],
  },
]
