// The vault in `search`, through its public face only.

import { openVault, type SearchHit, type SearchOptions, type UnlockedVault } from 'sealed-vault'
import type { Conversation } from '../corpus.ts'
import { SealedVault } from './sealed-vault.ts'
import type { Hit, Query, SearchSubject } from './search-subject.ts'

export class SearchingVault implements SearchSubject {
  readonly lasting = true
  readonly #building = new SealedVault(true)
  #open: UnlockedVault | undefined

  get #vault(): UnlockedVault {
    if (this.#open === undefined) throw new Error('the vault is not open')
    return this.#open
  }

  create(): Promise<void> {
    return this.#building.open()
  }

  async build(conversations: readonly Conversation[]): Promise<number> {
    const start = performance.now()
    await this.#building.load(conversations)
    return performance.now() - start + (await this.#building.timeToRest())
  }

  indexBytes(): Promise<number> {
    return this.#building.indexBytes()
  }

  async reopen(): Promise<void> {
    const vault = await openVault({ name: this.#building.name })
    if (vault.state !== 'locked') throw new Error(`the vault that was built is ${vault.state}`)
    this.#open = await vault.unlock(this.#building.password)
  }

  can(): boolean {
    return true
  }

  async search(query: Query, limit: number): Promise<readonly Hit[]> {
    const { text, options } = asked(query, limit)
    const hits: SearchHit[] = []
    for await (const hit of this.#vault.search(text, options)) hits.push(hit)
    return hits.map(({ message, snippet }) => ({ place: message.id, snippet }))
  }

  async places(query: Query, limit: number): Promise<readonly string[]> {
    const { text, options } = asked(query, limit)
    const found = await this.#vault.searchPlaces(text, options)
    // Ids of the corpus say chat and number.
    return found.map(({ chatLogId, number }) => `${chatLogId}#${String(number).padStart(5, '0')}`)
  }

  readonly forget = async (): Promise<void> => {
    this.#vault.releaseMemory()
  }

  async close(): Promise<void> {
    await this.#open?.lock()
    await this.#building.close()
  }
}

function asked({ kind, form, words, begins, order }: Query, limit: number): { readonly text: string; readonly options: SearchOptions } {
  const text = words.join(' ')
  if (form === 'phrase') return { text: `"${text}"`, options: { order, limit } }
  if (form === 'infix') return { text: `*${text}*`, options: { order, limit } }
  if (kind === 'as-you-type') return { text, options: { order, limit, typing: true } }
  return { text: begins ? `${text}*` : text, options: { order, limit } }
}
