// The search field, what was found below it, and in the place of both, while nothing is typed, what is there otherwise.

import type { SearchHit, UnlockedVault } from 'sealed-vault'
import type { ComponentChildren } from 'preact'
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { noteSearch } from './recent-searches.js'
import { RecentSearches, recentId, useRecentSearches } from './recent-list.js'
import { SearchChoices } from './search-choices.js'
import { hitId, SearchResults } from './search-results.js'
import { SearchStatus } from './search-status.js'
import { SuggestedWords } from './suggested-words.js'
import { useSearch } from './use-search.js'
import { useSearchKeys } from './search-keys.js'

interface SearchPartProps {
  readonly vault: UnlockedVault
  /** The open chat. */
  readonly sessionId: string | undefined
  readonly onOpen: (hit: SearchHit) => void
  /** Called when the field is wanted and may be out of sight. */
  readonly onWanted: () => void
  readonly children: ComponentChildren
}

export function SearchPart({ vault, sessionId, onOpen, onWanted, children }: SearchPartProps) {
  const field = useRef<HTMLInputElement>(null)
  const scroll = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState<string>()
  const [focused, setFocused] = useState(false)
  const search = useSearch(vault, sessionId)
  const { text, found, isAnswered } = search
  const searching = text.trim() !== ''
  const recent = useRecentSearches(vault)
  const showsRecent = focused && text === '' && recent.length > 0
  const hits = found?.groups.flatMap((group) => group.hits) ?? []
  const options = searching ? hits.map((hit) => hitId(hit)!) : showsRecent ? recent.map((_, index) => recentId(index)) : []
  const activeOption = active !== undefined && options.includes(active) ? active : undefined

  /** Enter came before the answer did. */
  const wantsFirst = useRef(false)

  function type(next: string): void {
    setActive(undefined)
    wantsFirst.current = false
    search.type(next)
  }
  function typeFor(next: string): void {
    type(next)
    field.current?.focus()
  }

  const newest = useRef({ text, onOpen })
  newest.current = { text, onOpen }
  /** The same one always: results that did not change are not drawn again. */
  const openHit = useCallback((hit: SearchHit) => {
    setActive(hitId(hit))
    // Whether it is kept is of no consequence for what is opened.
    noteSearch(vault, newest.current.text).catch(() => undefined)
    newest.current.onOpen(hit)
  }, [])

  function choose(): void {
    if (showsRecent) {
      const chosen = recent[options.indexOf(activeOption ?? '')]
      if (chosen !== undefined) type(chosen)
    } else if (isAnswered) {
      const chosen = hits[Math.max(0, options.indexOf(activeOption ?? ''))]
      if (chosen !== undefined) openHit(chosen)
    } else wantsFirst.current = searching
  }
  useEffect(() => {
    if (!wantsFirst.current || !isAnswered) return
    wantsFirst.current = false
    if (hits[0] !== undefined) openHit(hits[0])
  }, [found])

  const scrolled = useRef(false)
  useLayoutEffect(() => {
    // Only when it must be: it has everything laid out on the spot.
    if (scrolled.current && scroll.current !== null) scroll.current.scrollTop = 0
    scrolled.current = false
  }, [found?.question, searching])
  useLayoutEffect(() => {
    if (activeOption !== undefined) document.getElementById(activeOption)?.scrollIntoView({ block: 'nearest' })
  }, [activeOption])

  function focusIn(): void {
    setFocused(true)
    search.prepare()
  }

  const onKeyDown = useSearchKeys({ field, options, active: activeOption, onMove: setActive, onChoose: choose, onClear: () => typeFor(''), onWanted })
  return (
    <div id="search" role="search" data-searching={searching ? '' : undefined} data-waiting={searching && !isAnswered ? '' : undefined} onKeyDown={onKeyDown}>
      <div class="search-head">
        <div class="search-field" onFocusIn={focusIn} onFocusOut={(event) => setFocused(event.currentTarget.contains(event.relatedTarget as Node | null))}>
          <label for="search-text" class="for-screen-readers">
            Search all messages
          </label>
          <input
            ref={field}
            id="search-text"
            type="text"
            role="combobox"
            enterkeyhint="search"
            aria-expanded={options.length > 0}
            aria-controls={showsRecent ? 'recent' : 'results'}
            aria-autocomplete="list"
            aria-activedescendant={activeOption}
            aria-keyshortcuts="/ Control+K"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            placeholder="Search all messages"
            value={text}
            onInput={(event) => type(event.currentTarget.value)}
          />
          {text === '' ? <kbd aria-hidden="true">/</kbd> : <ClearButton onClear={() => typeFor('')} />}
          {showsRecent && <RecentSearches vault={vault} queries={recent} active={activeOption} onChoose={typeFor} />}
        </div>
        {searching && <SuggestedWords typed={text} words={search.words} onChoose={typeFor} />}
        {searching && <SearchChoices choices={search.choices} chatOpen={sessionId !== undefined} onChoose={search.choose} />}
        <SearchStatus found={searching ? found : undefined} />
      </div>
      <div class="list-scroll" ref={scroll} onScroll={() => (scrolled.current = true)}>
        {searching && <SearchResults groups={found?.groups ?? []} query={found?.question.query ?? ''} active={activeOption} onOpen={openHit} />}
        {/* Hidden, not taken away: a load goes on while somebody searches. */}
        <div hidden={searching}>{children}</div>
      </div>
    </div>
  )
}

function ClearButton({ onClear }: { readonly onClear: () => void }) {
  return (
    <button type="button" class="quiet" aria-label="Clear the search" onClick={onClear}>
      ×
    </button>
  )
}
