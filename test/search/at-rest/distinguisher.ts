// Whoever holds a copied disk and knows both corpora. Vaults are free, so they make as many of each as they like and learn
// what differs: features whose means lie apart by many times their spread (an exact difference lies infinitely far apart),
// weighed against each other as independent normal ones. Where nothing differs they toss a coin.

import type { Features } from './features.js'

export interface Telling {
  readonly name: string
  readonly means: readonly [number, number]
  /** Distance of the means in standard errors; infinite when the feature never varies within a corpus. */
  readonly distance: number
}

export interface Distinguisher {
  /** What tells the corpora apart, the most telling first. */
  readonly telling: readonly Telling[]
  /** Which corpus this recording is of. */
  guess(features: Features, coin: () => number): 0 | 1
}

/** With ten recordings of each, chance alone gets one feature in two thousand this far. */
const FAR = 4
/** No single feature decides against many. */
const MOST = 6
/** How far off an exact feature may be, in distances of the means, to count as normal. */
const SLACK = 0.1

export function learn(first: readonly Features[], second: readonly Features[]): Distinguisher {
  const names = new Set([...first, ...second].flatMap((features) => [...features.keys()]))
  const telling: (Telling & { readonly spread: number })[] = []
  for (const name of names) {
    const values = [first, second].map((recordings) => recordings.map((features) => features.get(name) ?? 0)) as [number[], number[]]
    const means = values.map(meanOf) as [number, number]
    const apart = Math.abs(means[0] - means[1])
    if (apart === 0) continue
    const squares = values.flatMap((list, c) => list.map((value) => (value - means[c]!) ** 2)).reduce((a, b) => a + b, 0)
    const variance = squares / Math.max(1, first.length + second.length - 2)
    const distance = apart / Math.sqrt(variance * (1 / first.length + 1 / second.length))
    if (distance > FAR) telling.push({ name, means, distance, spread: Math.max(Math.sqrt(variance), SLACK * apart) })
  }
  telling.sort((a, b) => b.distance - a.distance)

  return {
    telling,
    guess: (features, coin) => {
      let score = 0
      for (const { name, means, spread } of telling) {
        const value = features.get(name) ?? 0
        const evidence = ((value - means[1]) ** 2 - (value - means[0]) ** 2) / (2 * spread ** 2)
        score += Math.max(-MOST, Math.min(MOST, evidence))
      }
      if (score === 0) return coin() < 0.5 ? 0 : 1
      return score > 0 ? 0 : 1
    },
  }
}

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
