// Made-up conversations for places where no real corpus is at hand: the same seed gives the same conversations everywhere.
// Words come as often as in English (few very often, most hardly ever), and lengths vary as people's do, because how well
// text packs, how large an index gets and how fast a page fills all depend on that.

export interface CorpusMessage {
  readonly id: string
  readonly senderId: string
  readonly type: 'user' | 'assistant' | 'system'
  readonly content: string
  readonly timestamp?: string
}

/** One conversation in the form files of conversations have. */
export interface CorpusConversation {
  readonly id: string
  readonly source: string
  readonly lang: string
  readonly title?: string
  readonly participants: readonly string[]
  readonly messages: readonly CorpusMessage[]
}

export interface CorpusOptions {
  readonly seed: number
  readonly conversations: number
  /** In all conversations together; each gets at least one. */
  readonly messages: number
}

// Roughly by how often they come.
const COMMON =
  'the I to a and of you it is that in have they was for do on are but be not with so like at about this one he did can know think just as if what would there or my from we his me your no all really good yes she more when been some out who up has people had lot how get me time too now were pretty her much oh great than well only right them watch their by love an very never even then because make see into over also after many first could where still back other two last any most way which new got'
// Stems of the rarer words; endings make several words of each.
const STEMS =
  'abstract act adapt album anchor animal answer apple archive arrange artist ask attend author balance band bank basket beach bell bend bird blend board boat bottle branch bread bridge bright broad build button cabin call camera camp candle card carve castle catch chair chalk champion change chant chart chase cheer chess circle claim class clean clear climb cloud coach coast collect color comet comic compose concert connect consider cook cool coral cost count court cover craft cream credit crew cross crowd curve custom dance dawn debate deck defend delight desert design detail dinner direct discover display distant doctor double draft dragon drama draw dream drift drum eagle earn edit effect elect engine enjoy enter episode equal escape event exact expect explain explore express fabric factor farm fashion favor feather feature field fight film final finish fish flag flash flight float floor flower fold follow forest form fortune found frame free friend front fruit galaxy game garden gather ghost giant glass globe goal golden govern grand grant grass green guard guess guest guide guitar habit hammer handle happen harbor harvest hazard health heart heavy hero highland history hockey honest honor hope horse hotel hour house human hunt iceberg image imagine impress improve income infant inform insect inspire instant instrument interest invent invest island jacket jazz join joke journal judge jump jungle keen kettle kitchen label ladder land language laugh launch lawyer layer leader league learn lecture legend lemon letter level library light limit liquid listen local locker logic lunch lyric machine magic magnet manage map march market mask master match matter measure medal melody member memory mention meteor method middle mind mirror mission model modern moment monitor monster moral morning motion mountain museum music mystery nation native nature network noble normal north notice novel number ocean offer office open opera orbit orchard order organ origin outfit oxygen paint palace panel paper parade parent park partner party passage pattern pause peace pencil perform person phone photo piano picture pilot pirate pitch planet plant plate play pocket poem point polish portrait potato powder power practice present press print prison prize produce profit project promise protect proud public puzzle quarter quest quick quiet quote rabbit race radio rail rain ranch range record reform region relax remember remind rent repair report rescue research reserve respect result return reward rhythm ribbon river road robot rocket romance rough round royal rumor rural sail salad sample satellite scene school science score screen script search season second secret select senate sense series settle shadow shape share shelter shift shine shoot short show signal silent silver simple singer sketch skill sleep smart smoke soccer social soldier solid sound space spark speak special spell spice spider spirit sport spring square stable stadium staff stage stamp start state station steam stone storm story strange stream street stretch strong student studio style subject suggest summer sunset support surface surprise survey swim switch symbol system talent target taste teach team temple tennis term theater theory thick thunder ticket tiger timber title toast touch tour tower track trade tradition traffic train travel treasure treat trend tribe trick trip trophy trust tunnel turn twist uniform union unit unlock valley value vanish velvet verse video village violin virus visit vocal voice volcano vote wagon walk wander warm warrior wash water wave wealth weather weekend weight whale wheel whisper wild window winter wire wonder wood work world worry write yard yellow young zebra zone'
const ENDINGS = ['', 's', 'ing', 'er', 'ed', 'ers', 'ly', 'able', 'less', 'ness', 'ful', 'ish', 'like', 'ward', 'hood', 'ism']

/** Words by falling frequency. */
const WORDS: readonly string[] = (() => {
  const stems = STEMS.split(' ')
  // A fixed shuffle, or the order of frequency would be the order of the alphabet.
  const random = seededRandom(1)
  const rare = ENDINGS.flatMap((ending) => shuffled(stems, random).map((stem) => stem + ending))
  return [...COMMON.split(' '), ...rare]
})()

/** Sums of the weights of the words up to each: Zipf's law with Mandelbrot's shift. */
const REACH: readonly number[] = (() => {
  let sum = 0
  return WORDS.map((_, rank) => (sum += 1 / (rank + 2.7) ** 1.02))
})()

const WORDS_PER_MESSAGE = 17.1

/** A source of numbers from 0 to below 1 that a seed determines (mulberry32). Never for keys. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items]
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1))
    ;[result[index], result[other]] = [result[other]!, result[index]!]
  }
  return result
}

/** Conversations between two people, one after the other, so that a large corpus need not be in memory. */
export function* generateConversations({ seed, conversations, messages }: CorpusOptions): Generator<CorpusConversation, void, undefined> {
  if (!(conversations >= 1) || !(messages >= conversations)) throw new RangeError('each conversation needs a message')
  const random = seededRandom(seed)
  const digits = String(conversations).length
  let left = messages
  for (let index = 0; index < conversations; index++) {
    const after = conversations - index - 1
    // Most are about as long as the average, some half again as long; the last one takes what is left.
    const wanted = Math.round((left / (after + 1)) * (0.85 + 0.3 * random() + (random() < 0.05 ? random() : 0)))
    const count = after === 0 ? left : Math.min(Math.max(1, wanted), left - after)
    left -= count
    const id = `generated:${seed}/${String(index + 1).padStart(digits, '0')}`
    const participants = ['person_1', 'person_2'].slice(0, count)
    const turns = Array.from({ length: count }, (_, turn) => ({
      id: `${id}#${turn}`,
      senderId: participants[turn % 2]!,
      type: turn % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content: makeText(random),
    }))
    yield { id, source: 'generated', lang: 'en', participants, messages: turns }
  }
}

/** Some sentences, about a hundred characters on average, now and then with spaces at an edge as people leave them. */
function makeText(random: () => number): string {
  // The sum of three even draws is bell-shaped enough; few messages are much longer.
  const wanted = Math.max(1, Math.round(WORDS_PER_MESSAGE * ((random() + random() + random()) * 0.62 + (random() < 0.03 ? 3 * random() : 0))))
  const sentences: string[] = []
  for (let words = wanted; words > 0; ) {
    const length = Math.min(words, 3 + Math.floor(random() * 12))
    words -= length
    const sentence = Array.from({ length }, () => drawWord(random))
    if (length > 6 && random() < 0.4) sentence[2] += ','
    const text = sentence.join(' ')
    sentences.push(text.charAt(0).toUpperCase() + text.slice(1) + (random() < 0.2 ? '?' : random() < 0.15 ? '!' : '.'))
  }
  const text = sentences.join(random() < 0.1 ? '  ' : ' ')
  const edge = random()
  return edge < 0.12 ? `${text} ` : edge < 0.15 ? ` ${text}` : text
}

function drawWord(random: () => number): string {
  const wanted = random() * REACH.at(-1)!
  let low = 0
  let high = REACH.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (REACH[middle]! < wanted) low = middle + 1
    else high = middle
  }
  return WORDS[low]!
}
