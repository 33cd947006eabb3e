// The last searches, below the empty field.

import type { UnlockedVault } from 'sealed-vault'
import { forgetSearches, readRecentSearches } from './recent-searches.js'
import { useQuery } from './use-query.js'

export const recentId = (index: number): string => `recent-${index}`

export function useRecentSearches(vault: UnlockedVault): readonly string[] {
  const { answer } = useQuery({ vault, concerns: ({ collections }) => collections.includes('preferences'), ask: () => readRecentSearches(vault) }, [])
  return answer ?? []
}

interface RecentSearchesProps {
  readonly vault: UnlockedVault
  readonly queries: readonly string[]
  readonly active: string | undefined
  readonly onChoose: (query: string) => void
}

export function RecentSearches({ vault, queries, active, onChoose }: RecentSearchesProps) {
  return (
    // The focus stays in the field, where the keys are heard.
    <div class="recent" onMouseDown={(event) => event.preventDefault()}>
      <div class="recent-head">
        <span class="note" id="recent-label">
          Recent searches, kept sealed
        </span>
        <button type="button" class="quiet" onClick={() => void forgetSearches(vault).catch(() => undefined)}>
          Forget them
        </button>
      </div>
      <div id="recent" role="listbox" aria-labelledby="recent-label">
        {queries.map((query, index) => (
          <div key={query} id={recentId(index)} role="option" dir="auto" aria-selected={recentId(index) === active} onClick={() => onChoose(query)}>
            {query}
          </div>
        ))}
      </div>
    </div>
  )
}
