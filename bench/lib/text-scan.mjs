// @ts-check
// What is an answer, by reading every message: the plainest way there is, to hold the subjects against.

import { wordsOf } from './words.mjs'

/** @typedef {import('./queries.mjs').Query} Query */

export class TextScan {
  /** The words of each message between spaces, oldest message first. */
  normal

  /** @param {readonly string[]} contents in order of time */
  constructor(contents) {
    this.normal = contents.map((text) => ` ${wordsOf(text).join(' ')} `)
  }

  /** @param {Query} query @param {number} place */
  meets(query, place) {
    const text = this.normal[place] ?? ''
    return needlesOf(query).every((needle) => text.includes(needle))
  }

  /**
   * Places of the newest messages that meet a query, newest first.
   * @param {Query} query
   * @param {number} limit
   */
  newest(query, limit) {
    const needles = needlesOf(query)
    const found = []
    for (let place = this.normal.length - 1; place >= 0 && found.length < limit; place--) {
      const text = this.normal[place] ?? ''
      if (needles.every((needle) => text.includes(needle))) found.push(place)
    }
    return found
  }
}

/** @param {Query} query */
function needlesOf({ form, words, begins }) {
  if (form === 'infix') return words
  if (form === 'phrase') return [` ${words.join(' ')} `]
  return words.map((word, i) => (begins && i === words.length - 1 ? ` ${word}` : ` ${word} `))
}
