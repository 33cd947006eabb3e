// Writes into a chat, and has the guide answer.

import type { UnlockedVault } from 'sealed-vault'
import { useEffect, useRef, useState } from 'preact/hooks'
import { answerTo } from './guide.js'
import { inWords } from './words.js'

interface ComposerProps {
  readonly vault: UnlockedVault
  readonly chatLogId: string
  /** Called when a message is saved, before it is answered. */
  readonly onSend: (() => void) | undefined
}

export function Composer({ vault, chatLogId, onSend }: ComposerProps) {
  const [text, setText] = useState('')
  const [note, setNote] = useState('')
  const [answering, setAnswering] = useState(false)
  const left = useRef(new AbortController())
  useEffect(() => () => left.current.abort(), [])

  async function send(): Promise<void> {
    const content = text
    if (content.trim() === '' || answering) return
    setText('')
    setNote('')
    setAnswering(true)
    try {
      await vault.chatLogs.append(chatLogId, { senderId: 'you', type: 'user', content })
      onSend?.()
      await streamAnswer(vault, chatLogId, content, left.current.signal)
    } catch (error) {
      setNote(inWords(error))
    }
    setAnswering(false)
  }

  return (
    <form
      id="composer"
      autocomplete="off"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <label>
        <span class="for-screen-readers">Write a message</span>
        {/* Spelling may be checked elsewhere; drafts are kept by some browsers unless they are told not to. */}
        <textarea
          rows={2}
          autocomplete="off"
          spellcheck={false}
          placeholder="Write a message"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            // Enter that ends a composition of characters belongs to the input method.
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
            event.preventDefault()
            void send()
          }}
        />
      </label>
      <button disabled={answering}>Send</button>
      <p class="note" role="alert">
        {note}
      </p>
    </form>
  )
}

/** Writes the answer as it grows. What was said before somebody left stays; a reader in another tab sees it grow too. */
async function streamAnswer(vault: UnlockedVault, chatLogId: string, question: string, left: AbortSignal): Promise<void> {
  let content = ''
  let saved: { readonly id: string } | undefined
  let saving: Promise<unknown> = Promise.resolve()
  for await (const piece of answerTo(question, left)) {
    content += piece
    if (saved === undefined) {
      const [first] = await vault.chatLogs.append(chatLogId, [{ senderId: 'guide', type: 'assistant', content }])
      saved = first
    } else {
      // The vault writes as often as makes sense; the last promise is the one that counts.
      saving = vault.chatLogs.update(chatLogId, saved!.id, { content })
      saving.catch(() => undefined)
    }
  }
  await saving
}
