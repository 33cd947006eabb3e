// The order of a chat that went on in two places. Both sides come to the same one, whoever merges first.

export interface Placed {
  readonly id: string
  /** Milliseconds, as the message says. */
  readonly timestamp: number
}

/**
 * Both lists in one, each message once. The order of each list is kept as far as the other allows; between two messages that both have, those
 * that only one has come by their time, then by their id. Where the lists disagree on the order of what both have, the first one wins.
 */
export function mergedOrder<T extends Placed>(mine: readonly T[], theirs: readonly T[]): T[] {
  const places = new Map(theirs.map(({ id }, i) => [id, i]))
  const anchors = risingPlaces(mine, places)
  const merged: T[] = []
  const own = new Set(mine.map(({ id }) => id))
  let from = 0
  let at = 0
  for (const anchor of [...anchors, undefined]) {
    const to = anchor === undefined ? theirs.length : places.get(mine[anchor]!.id)!
    const end = anchor ?? mine.length
    merged.push(...byTime(mine.slice(at, end), theirs.slice(from, to).filter(({ id }) => !own.has(id))))
    if (anchor === undefined) break
    merged.push(mine[anchor]!)
    at = anchor + 1
    from = to + 1
  }
  return merged
}

/** Indexes in mine of messages that stand in the same order in theirs: as many as there can be. */
function risingPlaces(mine: readonly Placed[], places: ReadonlyMap<string, number>): number[] {
  // The longest rising subsequence, by patience: tails[n] is where the best run of n + 1 ends.
  const tails: number[] = []
  const before = new Map<number, number>()
  for (const [i, { id }] of mine.entries()) {
    const place = places.get(id)
    if (place === undefined) continue
    let low = 0
    let high = tails.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (places.get(mine[tails[middle]!]!.id)! < place) low = middle + 1
      else high = middle
    }
    if (low > 0) before.set(i, tails[low - 1]!)
    tails[low] = i
  }
  const run: number[] = []
  for (let i = tails.at(-1); i !== undefined; i = before.get(i)) run.push(i)
  return run.reverse()
}

/** Two stretches in one, each in its own order; of two that could come next the older one does, or the one whose id is smaller. */
function byTime<T extends Placed>(mine: readonly T[], theirs: readonly T[]): T[] {
  const merged: T[] = []
  let i = 0
  let j = 0
  while (i < mine.length && j < theirs.length) {
    const [a, b] = [mine[i]!, theirs[j]!]
    const isMineFirst = a.timestamp < b.timestamp || (a.timestamp === b.timestamp && a.id < b.id)
    merged.push(isMineFirst ? a : b)
    if (isMineFirst) i++
    else j++
  }
  return [...merged, ...mine.slice(i), ...theirs.slice(j)]
}
