// A hint how long a password would last against somebody who has a copy of the profile folder. It refuses nothing.
// The word lists weigh more than the rest of the page, so they are fetched when somebody begins to choose a password.

import { useEffect, useState } from 'preact/hooks'

type Estimate = (password: string) => { readonly score: number; readonly words: string }

/** A guess costs 600,000 rounds of PBKDF2: about this many a second on hardware that does nothing else. */
const GUESSES_PER_SECOND = 10_000

const ENOUGH = 100 * 365 * 86_400

let estimating: Promise<Estimate> | undefined

async function loadEstimate(): Promise<Estimate> {
  const [{ ZxcvbnFactory }, common] = await Promise.all([import('@zxcvbn-ts/core'), import('@zxcvbn-ts/language-common')])
  const zxcvbn = new ZxcvbnFactory({ dictionary: common.dictionary, graphs: common.adjacencyGraphs })
  return (password) => {
    // Beyond this the estimate takes long and says nothing new.
    const { guesses } = zxcvbn.check(password.slice(0, 100))
    const seconds = guesses / 2 / GUESSES_PER_SECOND
    const score = [3600, 86_400 * 30, 86_400 * 365 * 3, ENOUGH].filter((limit) => seconds >= limit).length
    return { score, words: inTime(seconds) }
  }
}

function inTime(seconds: number): string {
  if (seconds < 60) return 'seconds'
  if (seconds < 3600) return 'minutes'
  if (seconds < 86_400) return 'hours'
  if (seconds < 86_400 * 60) return 'days'
  if (seconds < 86_400 * 730) return 'months'
  return seconds < ENOUGH ? 'years' : 'centuries'
}

interface StrengthHintProps {
  readonly id: string
  readonly password: string
  readonly guesser?: string
}

export function StrengthHint({ id, password, guesser = 'Whoever copies this profile' }: StrengthHintProps) {
  const [estimate, setEstimate] = useState<Estimate>()
  useEffect(() => {
    if (password === '' || estimate !== undefined) return
    let gone = false
    estimating ??= loadEstimate()
    // Without the hint the password is as good as it is.
    estimating.then(
      (loaded) => gone || setEstimate(() => loaded),
      () => (estimating = undefined),
    )
    return () => void (gone = true)
  }, [password === '', estimate])
  const found = password === '' ? undefined : estimate?.(password)
  const words = found === undefined ? 'Several words that nobody would put together are easy to remember and hard to guess.' : `${guesser} would need ${found.words} to guess it.`
  return (
    <div class="strength">
      <meter aria-label="Strength of the password" min={0} max={4} low={2} high={3} optimum={4} value={found?.score ?? 0} />
      <p id={id} class="note" role="status">
        {words}
      </p>
    </div>
  )
}
