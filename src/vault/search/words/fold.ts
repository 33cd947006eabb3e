// What makes two spellings one word: compatibility forms, case, accents, vowel points, digits of any script.

// Marks that readers leave out or type either way. Vowel signs of Indic scripts, Thai or kana voicing are letters in all but name: they stay.
// Latin, Greek, Cyrillic; Hebrew points; Arabic vowels, hamza and tatweel; what only chooses a glyph; keycap.
const OPTIONAL_MARKS = /[\uFE00-\uFE0F\u0300-\u036F\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20F0\uFE20-\uFE2F\u0483-\u0487\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u0610-\u061A\u064B-\u065F\u0670\u06D6-\u06DC\u06DF-\u06E4\u06E7\u06E8\u06EA-\u06ED\u0640]/gu

// Letters that Unicode takes for letters of their own, and people type without their stroke.
const SPELLED: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ŧ: 't',
  ı: 'i',
  ς: 'σ',
}
const SPELLED_LETTERS = /[ßæœøđðþłħŧıς]/gu

// Zeros of the scripts whose digits have no compatibility form.
const ZEROS = [
  0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810,
]
const FOREIGN_DIGITS = /[^\P{Nd}0-9]/gu

const ASCII = /^\p{ASCII}*$/u

function toAsciiDigit(digit: string): string {
  const code = digit.codePointAt(0)!
  const zero = ZEROS.find((candidate) => code >= candidate && code < candidate + 10)
  return zero === undefined ? digit : String(code - zero)
}

export function isAscii(text: string): boolean {
  return ASCII.test(text)
}

/** The form in which words are compared. Folding what is folded changes nothing. */
export function fold(text: string): string {
  if (isAscii(text)) return text.toLowerCase()
  // Decomposed first, so that marks come off; composed again, so that what stays (kana, Hangul) is one character.
  const bare = text.normalize('NFKD').toLowerCase().normalize('NFKD').replace(OPTIONAL_MARKS, '')
  return bare
    .replace(SPELLED_LETTERS, (letter) => SPELLED[letter]!)
    .replace(FOREIGN_DIGITS, toAsciiDigit)
    .normalize('NFC')
}
