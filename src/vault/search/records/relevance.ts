// How much a record is about the words: BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009), with all
// texts of a record as one, a phrase as one word and UTF-16 units as length.

const K1 = 1.2
const B = 0.75

export interface CountedRecord {
  /** How often each word or phrase stands in the record. */
  readonly counts: readonly number[]
  readonly length: number
}

/** The score of each record, in their order; all that are compared must be given, those without any of the words too. */
export function scoreRecords(records: readonly CountedRecord[]): number[] {
  const words = records[0]?.counts.length ?? 0
  const usualLength = records.reduce((sum, { length }) => sum + length, 0) / records.length || 1
  const weights = Array.from({ length: words }, (_, word) => {
    const holding = records.filter(({ counts }) => counts[word]! > 0).length
    return Math.log(1 + (records.length - holding + 0.5) / (holding + 0.5))
  })
  return records.map(({ counts, length }) => {
    const norm = K1 * (1 - B + (B * length) / usualLength)
    return counts.reduce((score, count, word) => score + (weights[word]! * count * (K1 + 1)) / (count + norm), 0)
  })
}
