/**
 * Which cutter cuts words here: another one cuts other terms, so an index made by it is of no use. The second part is what the engine
 * knows of characters: words change with its Unicode tables.
 */
export const TOKENIZER = `2/${knownUnicode()}`

/** The newest version of Unicode of which the engine knows a letter. */
function knownUnicode(): string {
  const firstLetters = [['17', 0x16ea0], ['16', 0x105c0], ['15.1', 0x2ebf0], ['15', 0x1e4d0], ['14', 0x10570], ['13', 0x10e80]] as const
  return firstLetters.find(([, letter]) => /\p{L}/u.test(String.fromCodePoint(letter)))?.[0] ?? 'older'
}
