// Every conflict of an import and every loss, by name. Long lists are folded.

import type { MergeEntry, UnlockedVault } from 'sealed-vault'
import { useEffect, useState } from 'preact/hooks'
import { formatCount } from '../format.js'
import { describeEntry, isTold } from './entry-words.js'
import { titleOf } from './record-names.js'

const SHOWN = 6

export function ConflictList({ vault, entries }: { readonly vault: UnlockedVault; readonly entries: readonly MergeEntry[] }) {
  const [sentences, setSentences] = useState<readonly string[]>()
  useEffect(() => {
    let gone = false
    const told = entries.filter(isTold)
    Promise.all(told.map(async (entry) => describeEntry(entry, await titleOf(vault, entry)))).then(
      (found) => gone || setSentences(found),
      // Locked meanwhile: what the page shows next is not this.
      () => undefined,
    )
    return () => void (gone = true)
  }, [entries])
  if (sentences === undefined || sentences.length === 0) return null
  const more = sentences.slice(SHOWN)
  return (
    <section id="import-conflicts" aria-labelledby="import-conflicts-title">
      <h3 id="import-conflicts-title">Changed on both sides, or lost</h3>
      <List sentences={sentences.slice(0, SHOWN)} />
      {more.length > 0 && (
        <details>
          <summary>{`Show ${formatCount(more.length, 'more', 'more')}`}</summary>
          <List sentences={more} />
        </details>
      )}
    </section>
  )
}

function List({ sentences }: { readonly sentences: readonly string[] }) {
  return (
    <ul class="told">
      {sentences.map((sentence, index) => (
        <li key={index} dir="auto">
          {sentence}
        </li>
      ))}
    </ul>
  )
}
