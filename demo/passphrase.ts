// A password made of words that nobody chose: drawn at random, so that what it is worth is known and not estimated.

/** As the six words of dice that are advised elsewhere: 77 random bits. */
const WORDS = 7
/** Two to the power of eleven: a number of so many bits is a word, and no word is likelier than another. */
const KNOWN_WORDS = 2048

export const PASSPHRASE_BITS = WORDS * Math.log2(KNOWN_WORDS)

/** The list is fetched when somebody asks for it first. */
export async function drawPassphrase(): Promise<string> {
  const { wordlist } = await import('@scure/bip39/wordlists/english.js')
  if (wordlist.length !== KNOWN_WORDS) throw new Error(`the list has ${wordlist.length} words`)
  const numbers = crypto.getRandomValues(new Uint16Array(WORDS))
  const words = Array.from(numbers, (number) => wordlist[number % KNOWN_WORDS])
  numbers.fill(0)
  return words.join(' ')
}
