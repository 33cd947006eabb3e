// @ts-check
// In which order somebody opens chat logs, made up: numbers from 0 up to `items`, the same for the same seed.

import { seededRandom, shuffled } from './random.mjs'

/** @typedef {{ kind: 'zipf' | 'habits' | 'drift' | 'recent' | 'uniform', items: number, length: number, seed: number, exponent?: number }} Trace */

/**
 * Draws ranks by Zipf's law: the one of rank k with a weight of 1 / k^exponent.
 * @param {number} items
 * @param {number} exponent
 * @param {() => number} random
 * @returns {() => number} ranks from 0
 */
function zipf(items, exponent, random) {
  let total = 0
  const sums = Array.from({ length: items }, (_, index) => (total += (index + 1) ** -exponent))
  return () => {
    const drawn = random() * total
    let [low, high] = [0, items - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < drawn) low = middle + 1
      else high = middle
    }
    return low
  }
}

/**
 * `zipf`: some are opened far more often than others, each time without regard to what came before. `habits`: the same, but two times in five one is opened that always
 * follows the one before. `drift`: what is popular changes, every twentieth time two change places. `recent`: the more recently one was opened, the likelier it is opened
 * again, which is all that can be known. `uniform`: nothing can be known.
 * @param {Trace} trace
 * @returns {number[]}
 */
export function makeTrace({ kind, items, length, seed, exponent = 1 }) {
  const random = seededRandom(seed)
  const below = (/** @type {number} */ limit) => Math.floor(random() * limit)
  const all = Array.from({ length: items }, (_, index) => index)
  const order = shuffled(all, random)
  const after = shuffled(all, random)
  const rank = zipf(items, exponent, random)
  let current = 0
  const next = () => {
    if (kind === 'uniform') return below(items)
    if (kind === 'habits' && random() < 0.4) return after[current] ?? 0
    const at = rank()
    const drawn = order[at] ?? 0
    if (kind === 'recent') order.unshift(...order.splice(at, 1))
    return drawn
  }
  return Array.from({ length }, (_, step) => {
    if (kind === 'drift' && step % 20 === 0) {
      const [a, b] = [below(items), below(items)]
      ;[order[a], order[b]] = [order[b] ?? 0, order[a] ?? 0]
    }
    current = next()
    return current
  })
}
