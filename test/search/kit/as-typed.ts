// What a query says that is still being typed, written as one that is finished. Told from its signs alone, not as the library does it.

/** With a star behind the last word, when that word is still being typed. */
export function asTyped(text: string, typing: boolean | undefined): string {
  if (typing !== true || text === '') return text
  const inPhrase = text.split('"').length % 2 === 0
  const last = text.slice(Math.max(text.lastIndexOf('"'), text.trimEnd().length === text.length ? text.search(/\S+$/u) - 1 : text.length) + 1)
  return inPhrase || last === '' || /^[-*]|\*$/u.test(last) ? text : `${text}*`
}
