// @ts-check
// Conversations made up where no real ones are at hand. Word frequencies follow Zipf's law, as those of real text do,
// so that compression has about as much to find.

import { seededRandom } from './random.mjs'

const syllables = ['ka', 'to', 'mi', 'ren', 'sal', 'vor', 'di', 'lun', 'pe', 'shi', 'ar', 'ne', 'quo', 'ti', 'bel', 'gra', 'os', 'fen', 'wy', 'ul']
const vocabularySize = 6000

/**
 * @param {{ seed: number, conversations: number, messages: number }} wanted `messages` in all
 * @returns {import('./corpus.mjs').SourceConversation[]}
 */
export function generateConversations({ seed, conversations, messages }) {
  const random = seededRandom(seed)
  const words = Array.from({ length: vocabularySize }, () => Array.from({ length: 1 + Math.floor(random() * 3) }, () => syllables[Math.floor(random() * syllables.length)]).join(''))
  // The inverse of a harmonic sum is an exponential, near enough.
  const word = () => words[Math.min(vocabularySize - 1, Math.floor(vocabularySize ** random()) - 1)] ?? ''
  const sentence = () => Array.from({ length: 4 + Math.floor(random() * 14) }, word).join(' ')
  const content = () => Array.from({ length: 1 + Math.floor(random() * 2.2) }, () => `${sentence()}.`).join(' ')
  return Array.from({ length: conversations }, (_, index) => {
    const count = Math.floor(((index + 1) * messages) / conversations) - Math.floor((index * messages) / conversations)
    return {
      id: `generated:${seed}/${index}`,
      participants: ['person', 'model'],
      messages: Array.from({ length: count }, (_message, turn) => ({
        senderId: turn % 2 === 0 ? 'person' : 'model',
        type: /** @type {'user' | 'assistant'} */ (turn % 2 === 0 ? 'user' : 'assistant'),
        content: content(),
      })),
    }
  })
}
