// A place for one file: chosen in a dialog or dropped.

import { useRef, useState } from 'preact/hooks'

interface FileChoiceProps {
  readonly label: string
  readonly file: File | undefined
  readonly disabled: boolean
  readonly onChoose: (file: File) => void
}

export function FileChoice({ label, file, disabled, onChoose }: FileChoiceProps) {
  const [isOver, setIsOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const take = (files: FileList | null): void => {
    const first = files?.[0]
    if (first !== undefined) onChoose(first)
  }
  return (
    <div
      class="file-choice"
      data-over={isOver ? '' : undefined}
      onDragOver={(event) => {
        // Without this the browser opens what is dropped, and leaves the page.
        event.preventDefault()
        setIsOver(true)
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setIsOver(false)
        const files = event.dataTransfer?.files
        if (files === undefined || disabled) return
        input.current!.files = files
        take(files)
      }}
    >
      <label>
        {label}
        <input
          ref={input}
          type="file"
          autocomplete="off"
          disabled={disabled}
          // The same file chosen again, when it was copied anew, is a change again.
          onClick={(event) => (event.currentTarget.value = '')}
          onChange={(event) => take(event.currentTarget.files)}
        />
      </label>
      <p class="note" role="status">
        {file === undefined ? 'Or drop it here.' : `Chosen: ${file.name}`}
      </p>
    </div>
  )
}
