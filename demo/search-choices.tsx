// What a search may be narrowed to, and in which order it comes.

import { type Choices, CHOICES, DEFAULTS } from './search-question.js'

interface SearchChoicesProps {
  readonly choices: Choices
  /** Whether there is a chat that could be meant by "this one". */
  readonly chatOpen: boolean
  readonly onChoose: (choices: Choices) => void
}

export function SearchChoices({ choices, chatOpen, onChoose }: SearchChoicesProps) {
  const names = Object.keys(CHOICES) as (keyof Choices)[]
  return (
    <div id="search-choices" role="group" aria-label="How to search">
      {names.map((name) => (
        <select
          key={name}
          aria-label={CHOICES[name].label}
          autocomplete="off"
          value={choices[name]}
          data-chosen={choices[name] === DEFAULTS[name] ? undefined : ''}
          disabled={name === 'where' && !chatOpen}
          onChange={(event) => onChoose({ ...choices, [name]: event.currentTarget.value })}
        >
          {Object.entries(CHOICES[name].options).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      ))}
    </div>
  )
}
