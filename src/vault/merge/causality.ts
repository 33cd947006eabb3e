// Who knew what when it was written: the difference between a change and a conflict. Every version of a record is named by the vault
// that made it and the commit there; of every other vault, a vault knows up to which commit it has taken over everything. Clocks say
// nothing here. The construction is that of version vectors (Parker et al., "Detection of Mutual Inconsistency in Distributed Systems",
// IEEE Transactions on Software Engineering, 1983), with one vector for a whole vault instead of one for each record.
// Implements docs/format.md, section 16; docs/decisions/012-versions-not-hashes.md says why.

/** Everything up to a commit of another vault, as an archive of that vault had it. */
export type KnownVault = readonly [vault: string, seq: number, archiveId: string]

/** An archive of everything, and the newest commit in it. */
export type MadeArchive = readonly [archiveId: string, seq: number]

export interface VaultHistory {
  readonly knows: readonly KnownVault[]
  readonly made: readonly MadeArchive[]
}

export interface OwnHistory extends VaultHistory {
  readonly vault: string
  /** Its newest commit. */
  readonly seq: number
}

export interface OtherHistory extends OwnHistory {
  /** The archive that is being read. */
  readonly archiveId: string
}

export interface Version {
  readonly vault: string
  readonly rev: number
}

/** Vaults that one knows of, at most. */
export const MAX_KNOWN = 256
/** Archives of its own that one remembers, at most. */
export const MAX_MADE = 256

/** The beginning of a vault's id: enough to tell a user's vaults apart. */
export function vaultKey(vaultId: string): string {
  return vaultId.slice(0, 8)
}

/** Who knows which versions. Knowledge is tied to archives by name: a vault that was put back to an older state, and went on from there, has no part in what it had said. */
export class Causality {
  readonly #me: string
  readonly #seq: number
  readonly #them: string | undefined
  readonly #mine: ReadonlyMap<string, number>
  readonly #theirs: ReadonlyMap<string, number>

  /** @param theirs undefined for what says nothing of where it comes from: nobody knows of anything then */
  constructor(mine: OwnHistory, theirs: OtherHistory | undefined) {
    this.#me = mine.vault
    this.#seq = mine.seq
    this.#them = theirs?.vault
    this.#mine = theirs === undefined ? new Map() : knowledge(mine, theirs)
    this.#theirs = theirs === undefined ? new Map() : knowledge(theirs, mine)
    if (theirs === undefined) return
    const made: readonly MadeArchive[] = [...theirs.made, [theirs.archiveId, theirs.seq]]
    if (theirs.vault === mine.vault) {
      // An older state of this vault: what it has, this one has had, if it is really one of its own.
      const isOwn = holds(mine.made, theirs.archiveId, theirs.seq)
      this.#mine = new Map([...this.#mine, [mine.vault, isOwn ? Infinity : -1]])
      this.#theirs = new Map([...this.#theirs, [mine.vault, isOwn ? theirs.seq : -1]])
      return
    }
    const seen = mine.knows.find(([vault]) => vault === theirs.vault)
    this.#mine = new Map([...this.#mine, [mine.vault, this.#theirs.get(mine.vault) ?? -1], [theirs.vault, seen !== undefined && holds(made, seen[2], seen[1]) ? seen[1] : -1]])
    this.#theirs = new Map([...this.#theirs, [theirs.vault, seen === undefined || holds(made, seen[2], seen[1]) ? theirs.seq : -1]])
  }

  /** Whether this vault had that version when its own was written. */
  mineKnows(version: Version): boolean {
    return version.rev <= (this.#mine.get(version.vault) ?? -1)
  }

  /** Whether the other vault had that version when the archive was made. */
  theyKnow(version: Version): boolean {
    return version.rev <= (this.#theirs.get(version.vault) ?? -1)
  }

  /**
   * Whether of two versions that one vault made the one with the higher number came later: not where that vault was put back to an older state in between and used
   * its numbers again, nor for a commit of this vault that there has not been.
   */
  isLater({ vault, rev }: Version): boolean {
    if (vault === this.#me && rev > this.#seq) return false
    return (vault !== this.#me && vault !== this.#them) || (this.#theirs.get(vault) ?? -1) >= 0
  }

  /** Whether what came before a commit of the other vault is here, so that an archive of what came after it can be taken over. */
  reaches(seq: number): boolean {
    return this.#them !== undefined && (this.#them === this.#me || this.mineKnows({ vault: this.#them, rev: seq }))
  }

  get me(): string {
    return this.#me
  }

  get them(): string | undefined {
    return this.#them
  }
}

/** What one knows of all vaults; of the other one only what it can name by an archive that the other one made. */
function knowledge(of: VaultHistory, other: OwnHistory): Map<string, number> {
  const known = new Map<string, number>()
  for (const [vault, seq, archiveId] of of.knows) if (vault !== other.vault || holds(other.made, archiveId, seq)) known.set(vault, seq)
  return known
}

function holds(made: readonly MadeArchive[], archiveId: string, seq: number): boolean {
  return made.some(([id, at]) => id === archiveId && at === seq)
}

/**
 * What a vault knows after it has taken over everything another one had.
 * @param isWhole whether that was named whole: what changed since an earlier archive does not name what third vaults had deleted before it ever came there
 */
export function knowledgeAfter(mine: OwnHistory, theirs: OtherHistory, isWhole: boolean): KnownVault[] {
  const known = new Map(mine.knows.map((entry) => [entry[0], entry]))
  const heard = isWhole ? theirs.knows.filter(([vault]) => vault !== theirs.vault) : []
  for (const entry of [...heard, [theirs.vault, theirs.seq, theirs.archiveId] as const]) {
    const before = known.get(entry[0])
    const isRolledBack = entry[0] === theirs.vault && before !== undefined && !holds([...theirs.made, [theirs.archiveId, theirs.seq]], before[2], before[1])
    if (entry[0] !== mine.vault && (before === undefined || isRolledBack || entry[1] > before[1])) known.set(entry[0], entry)
  }
  // Those heard of last; whoever is forgotten is a stranger again.
  return [...known.values()].slice(-MAX_KNOWN)
}
