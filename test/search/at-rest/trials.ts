// The game: vaults of two corpora, of which the distinguisher has seen some with their names; then vaults without names.

import { seededRandom, shuffled } from '../../kit/corpus.js'
import { makePair, type History, type PairOptions } from './corpora.js'
import { learn, type Telling } from './distinguisher.js'
import { featuresOf, type Features } from './features.js'
import { blocksByTerms, blocksUnpadded, oneBlockMore, otherOrder } from './leaks.js'
import { naiveFeatures } from './naive-index.js'
import { record } from './play.js'
import type { Recording } from './recorder.js'

type Corpus = 0 | 1
type Look = (recording: Recording, history: History, corpus: Corpus) => Features

/** What the distinguisher is shown of one and the same vault. All from the third on it must tell apart, or it is blind. */
const LOOKS = {
  index: (recording) => featuresOf(recording, 'index'),
  'whole store': (recording) => featuresOf(recording, 'whole'),
  'naive HMAC index': (_, history) => naiveFeatures(history),
  'one block more': (recording, history, corpus) => featuresOf(corpus === 1 ? oneBlockMore(recording, history) : recording, 'index'),
  'another order': (recording, history, corpus) => featuresOf(corpus === 1 ? otherOrder(recording, history) : recording, 'index'),
  'blocks by distinct words': (recording, history) => featuresOf(blocksByTerms(recording, history), 'index'),
  'blocks without padding': (recording, history) => featuresOf(blocksUnpadded(recording, history), 'index'),
} satisfies Record<string, Look>

export type ViewName = keyof typeof LOOKS
export const VIEWS = Object.keys(LOOKS) as ViewName[]
type ByView<T> = Readonly<Record<ViewName, T>>
const byView = <T>(make: (view: ViewName) => T): ByView<T> => Object.fromEntries(VIEWS.map((view) => [view, make(view)])) as unknown as ByView<T>

export interface GameOptions extends PairOptions {
  /**
   * Corpora, and unnamed vaults of each. Learning costs the attacker vaults, so a corpus known by twenty named vaults and asked about twenty times
   * is a sharper attack than two hundred corpora known by one vault each. But what is rounded up tells only corpora that happen to lie at
   * a border, so it is not one pair either.
   */
  readonly pairs: number
  readonly trials: number
  /** Named vaults of each of the two corpora. */
  readonly named: number
  readonly progress?: (pair: number) => void
}

export interface Score {
  readonly trials: number
  readonly right: number
  /** Right of each pair of corpora. */
  readonly ofPairs: readonly number[]
  /** For each pair in which something told the corpora apart: what. */
  readonly why: readonly string[]
}

export async function playGame({ pairs, trials, named, seed, progress, ...options }: GameOptions): Promise<ByView<Score>> {
  const rights = byView((): number[] => [])
  const whys = byView((): string[] => [])
  for (let p = 0; p < pairs; p++) {
    const pairSeed = seed * 1000 + p
    const { histories } = makePair({ ...options, seed: pairSeed })
    const look = async (corpus: Corpus): Promise<ByView<Features>> => {
      const recording = await record(histories[corpus])
      return byView((view) => LOOKS[view](recording, histories[corpus], corpus))
    }
    const known: [ByView<Features>[], ByView<Features>[]] = [[], []]
    for (const corpus of [0, 1] as const) while (known[corpus].length < named) known[corpus].push(await look(corpus))
    const distinguishers = byView((view) => learn(known[0].map((seen) => seen[view]), known[1].map((seen) => seen[view])))
    // A coin for each view: what one of them tosses changes nothing for another.
    const coins = byView((view) => seededRandom(pairSeed * VIEWS.length + VIEWS.indexOf(view)))
    const right = byView(() => ({ count: 0 }))
    // As many of the one as of the other: a fixed guess is right half the time.
    const drawn = shuffled(Array.from({ length: trials }, (_, t) => (t % 2) as Corpus), seededRandom(pairSeed))
    for (const corpus of drawn) {
      const features = await look(corpus)
      for (const view of VIEWS) if (distinguishers[view].guess(features[view], coins[view]) === corpus) right[view].count++
    }
    for (const view of VIEWS) {
      rights[view].push(right[view].count)
      const { telling } = distinguishers[view]
      if (telling.length > 0) whys[view].push(`corpora ${p}: ${telling.length} features, such as ${telling.slice(0, 3).map(describe).join(', ')}`)
    }
    progress?.(p)
  }
  return byView((view) => ({ trials: pairs * trials, right: rights[view].reduce((a, b) => a + b, 0), ofPairs: rights[view], why: whys[view] }))
}

function describe({ name, means }: Telling): string {
  return `"${name}" (${means.map((mean) => Number(mean.toFixed(2))).join(' or ')})`
}
