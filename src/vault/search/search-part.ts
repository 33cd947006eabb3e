// Everything about the search index of one opened vault: made for checkpoints and loads, asked by searches, merged in the
// background, made anew and checked. Fetched when it is first needed.

import { Blocks } from '../core/blocks.js'
import type { Access } from '../core/access.js'
import type { CommitLog } from '../core/commit-log.js'
import type { FoldedMessages, IndexPort, MadeSegment, SegmentDraft } from '../core/index-port.js'
import type { Slices } from '../core/slices.js'
import { beginSegment, foldSegment, type IndexMakerPorts } from './index-maker.js'
import { LiveIndex } from './live-index.js'
import type { SearchHit, SearchOptions } from './options.js'
import { searchMessages } from './search-messages.js'
import { TOKENIZER } from './tokenizer-version.js'

export interface SearchPartPorts {
  readonly log: CommitLog
  readonly access: Access
  /** Opened blocks kept in memory, in bytes. */
  readonly cacheBytes: number
}

export class SearchPart implements IndexPort {
  readonly #ports: SearchPartPorts
  readonly #maker: IndexMakerPorts
  readonly blocks: Blocks
  readonly live: LiveIndex

  constructor(ports: SearchPartPorts) {
    this.#ports = ports
    this.#maker = { backend: ports.log.backend, codec: ports.log.codec }
    this.blocks = new Blocks(ports.log.backend, ports.log.codec, ports.cacheBytes)
    this.live = new LiveIndex(ports.log, this.blocks)
  }

  async tokenizer(): Promise<string> {
    return TOKENIZER
  }

  fold(changed: readonly FoldedMessages[], order: number, slices: Slices): Promise<MadeSegment | undefined> {
    return foldSegment(this.#maker, changed, order, slices)
  }

  async begin(slices: Slices): Promise<SegmentDraft> {
    return beginSegment(this.#maker, slices)
  }

  search(query: string, options: SearchOptions): AsyncGenerator<SearchHit, void, undefined> {
    return searchMessages(this.#ports.access, this.live, query, options)
  }

  /** Forgets everything that was opened. */
  clear(): void {
    this.blocks.clear()
    this.live.forget()
  }
}
