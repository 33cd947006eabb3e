// The search index of an opened vault before its code is there: it is fetched by the first checkpoint, load or search.

import type { FoldedMessages, IndexPort, MadeSegment, RebuildOptions } from './core/index-port.js'
import type { Job } from './core/jobs.js'
import type { Slices } from './core/slices.js'
import { fetchPart } from './fetch-part.js'
import type { SearchPart, SearchPartPorts } from './search/search-part.js'

export class FetchedSearch implements IndexPort {
  readonly #ports: () => SearchPartPorts
  #part: SearchPart | undefined

  constructor(ports: () => SearchPartPorts) {
    this.#ports = ports
  }

  /** @throws {VaultError} `storage-unavailable` with reason `not-loaded` */
  async part(): Promise<SearchPart> {
    if (this.#part === undefined) {
      const { SearchPart } = await fetchPart(() => import('./search/search-part.js'))
      this.#part ??= new SearchPart(this.#ports())
    }
    return this.#part
  }

  async tokenizer(): Promise<string> {
    return (await this.part()).tokenizer()
  }

  async fold(changed: readonly FoldedMessages[], order: number, slices: Slices): Promise<MadeSegment | undefined> {
    return (await this.part()).fold(changed, order, slices)
  }

  async cover(job: Job, slices: Slices): Promise<void> {
    await (await this.part()).cover(job, slices)
  }

  get wantsMerge(): boolean {
    return this.#part?.wantsMerge === true
  }

  async merge(job: Job, slices: Slices): Promise<void> {
    await (await this.part()).merge(job, slices)
  }

  async rebuild(job: Job, options: RebuildOptions): Promise<void> {
    await (await this.part()).rebuild(job, options)
  }

  release(): void {
    this.#part?.release()
  }

  clear(): void {
    this.#part?.clear()
  }
}
