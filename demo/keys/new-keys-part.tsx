// New keys in the settings: how old they are, the way to new ones, how far that is, and how it ended.

import type { UnlockedVault } from 'sealed-vault'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { inWords } from '../words.js'
import { RotationProgress } from './rotation-progress.js'
import { useRotation } from './rotation-watch.js'
import { describeAge, describeReport, DISCARDS, KEPT_KEYS } from './rotation-words.js'
import { SecretForm } from './secret-form.js'
import { useWays } from './use-ways.js'

interface NewKeysPartProps {
  readonly vault: UnlockedVault
  /** For who was led here. */
  readonly isWanted: boolean
}

export function NewKeysPart({ vault, isWanted }: NewKeysPartProps) {
  const { status, isBeginning, report, problem, watch } = useRotation(vault)
  const ways = useWays(vault)
  const [discards, setDiscards] = useState(false)
  const part = useRef<HTMLDivElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  // Between the password and the first row nothing is to be seen of it yet.
  const isUnderWay = status !== undefined && status.state !== 'none' && !isBeginning
  const keepFocus = useFocusThatStays(part, isUnderWay)
  useLayoutEffect(() => {
    if (!isWanted) return
    heading.current?.scrollIntoView()
    heading.current?.focus({ preventScroll: true })
  }, [isWanted])
  if (status === undefined) return null
  const { keysMadeAt, keepsOldKeys } = status
  const begin = async (secret: Parameters<typeof watch.begin>[0]): Promise<unknown> => {
    keepFocus()
    const error = await watch.begin(secret, discards ? 'discard' : 'keep')
    if (error === undefined) setDiscards(false)
    return error
  }
  return (
    <div id="new-keys" ref={part}>
      <h3 tabIndex={-1} ref={heading}>
        New keys
      </h3>
      <p id="keys-age">{describeAge(keysMadeAt, Date.now())}</p>
      <p class="note">
        Everything is sealed anew, with keys that nobody has had. Whoever copied this vault earlier may be able to read that copy, but nothing that is written from now on. If somebody may know the password,
        change it first. You can go on as usual meanwhile, and even close the page: the rest is done when the vault is opened again.
      </p>
      {report !== undefined && !isUnderWay && (
        <p id="keys-report" class="result" role="status">
          {describeReport(report)}
        </p>
      )}
      {problem !== undefined && (
        <p class="note" role="alert">
          {inWords(problem)} What is sealed anew stays so; the rest is still sealed with the old keys and can be read.
        </p>
      )}
      {isUnderWay ? (
        <RotationProgress status={status} watch={watch} />
      ) : (
        <>
          {keepsOldKeys && !discards && (
            <>
              <p id="keys-kept">{KEPT_KEYS}</p>
              <button type="button" onClick={() => setDiscards(true)}>
                Give up the damaged rows
              </button>
            </>
          )}
          {discards && (
            <div class="caution">
              <p>{DISCARDS}</p>
            </div>
          )}
          <SecretForm key={String(discards)} action={discards ? 'Give them up and make new keys' : 'Make new keys'} isBusy={isBeginning} ways={ways} onSecret={begin}>
            {discards && (
              <button type="button" class="quiet" onClick={() => setDiscards(false)}>
                Keep them
              </button>
            )}
          </SecretForm>
        </>
      )}
    </div>
  )
}

/**
 * Where a form gives way to a bar, or that to a result, the focus goes to what has come, if it was on what has gone.
 * @returns called when the form is sent: it is disabled from then on, and has no focus any more when it gives way
 */
function useFocusThatStays(part: { readonly current: HTMLDivElement | null }, isUnderWay: boolean): () => void {
  const isHere = useRef(false)
  const shown = useRef(isUnderWay)
  // Now is before anything is changed.
  if (shown.current !== isUnderWay && part.current?.contains(document.activeElement) === true) isHere.current = true
  useLayoutEffect(() => {
    if (shown.current === isUnderWay) return
    shown.current = isUnderWay
    const { activeElement } = document
    if (isHere.current && (activeElement === null || activeElement === document.body)) part.current?.querySelector<HTMLElement>(isUnderWay ? '#keys-progress button' : 'h3')?.focus({ preventScroll: true })
    isHere.current = false
  }, [isUnderWay])
  return () => {
    isHere.current = true
  }
}
