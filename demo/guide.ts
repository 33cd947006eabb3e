// The other side of the conversation: a few sentences by rule, spoken word by word as a language model would. Nothing is sent anywhere.

const WORD_EVERY_MS = 40

const QUESTION = [
  'I am a few lines of script in this page, so I cannot know. What I can do is keep the question: it is sealed with your password, and you find it again by any word of its title.',
  'Good question. Whoever answers it later will find it here, in order, even if this tab is killed in the middle of my sentence.',
]
const REMARK = [
  'Noted. It was compressed, padded and sealed before it was stored, and it is in this browser only.',
  'Kept. Open this page in a second tab: you see my answer grow there as well.',
  'I have written that down. Change your password whenever you like; it takes as long for a million messages as for this one.',
]

function sentenceFor(text: string): string {
  const words = text.trim().split(/\s+/).length
  const choices = text.includes('?') ? QUESTION : REMARK
  const chosen = choices[text.length % choices.length]!
  return words === 1 ? chosen : `${chosen} You used ${words} words.`
}

/** The answer in pieces, until the signal is aborted. */
export async function* answerTo(text: string, left: AbortSignal): AsyncGenerator<string, void, undefined> {
  for (const piece of sentenceFor(text).match(/\S+\s*/g) ?? []) {
    await new Promise((resolve) => setTimeout(resolve, WORD_EVERY_MS))
    if (left.aborted) return
    yield piece
  }
}
