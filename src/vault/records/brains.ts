// Brains: what an AI entity is and remembers. The head (id and model) is always in memory, the body is loaded when asked for.

import * as z from 'zod/mini'
import type { EntityId } from '../../brand.js'
import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { copyJson } from '../core/json-copy.js'
import type { Body } from '../core/log-row.js'
import { BRAIN_STEM, type Head } from '../core/state.js'
import type { PendingBodies } from './message-pages.js'
import { isOwn, refuseOwn } from './reserved-ids.js'
import { id, json, jsonObject, parseInput, refuseTooLong, type JsonObject, type JsonValue } from './values.js'

export interface BrainInput {
  readonly entityId: string
  readonly model: string
  /** Settings of the entity: any JSON object. */
  readonly configuration?: JsonObject | undefined
  /** What it remembers: any JSON values, in order. */
  readonly memories?: readonly JsonValue[] | undefined
}

export interface BrainHead {
  readonly entityId: EntityId
  readonly model: string
  readonly rev: number
  readonly modifiedAt: number
}

export interface Brain extends BrainHead {
  readonly configuration: JsonObject
  readonly memories: readonly JsonValue[]
}

const schema = z.strictObject({
  entityId: id,
  model: z.string(),
  configuration: z.optional(jsonObject),
  memories: z.optional(z.array(json)),
})

export class Brains {
  readonly #access: Access

  constructor(access: Access) {
    this.#access = access
  }

  /**
   * Saves a brain whole, whatever was there before. Long strings in it are stored as blobs. Ids that begin with `sealed-vault/` are the vault's own.
   * @throws {VaultError} `invalid-value`, `locked`, `storage-full`
   */
  async put(input: BrainInput): Promise<BrainHead> {
    const { entityId, model, configuration = {}, memories = [] } = parseInput(schema, input, 'brain')
    refuseOwn(entityId, 'brain', 'entityId')
    refuseTooLong(model, 'brain')
    return this.#access.commitBodies([{ configuration, memories }], 'brain', async (draft, [body]) => {
      draft.change(['brain', entityId, { model }, body!])
      return toBrainHead(draft.state.heads.brains.get(entityId)!)
    })
  }

  /** The brain of an entity, or undefined. @throws {VaultError} `locked`, `corrupt` */
  async get(entityId: string): Promise<Brain | undefined> {
    return this.#access.view(async (state) => {
      const head = state.heads.brains.get(entityId)
      if (head === undefined || isOwn(entityId)) return undefined
      const [body] = await readBrainBodies(this.#access, state, [head])
      const { configuration, memories } = (await this.#access.restore(body!)) as { configuration: JsonObject; memories: readonly JsonValue[] }
      return { ...toBrainHead(head), configuration: copyJson(configuration), memories: copyJson(memories) }
    })
  }

  /** Heads of all brains, or of those of one model, by entity id. */
  async list(query: { readonly model?: string } = {}): Promise<readonly BrainHead[]> {
    return this.#access.view(async (state) =>
      state.heads.brains
        .values()
        .filter(({ id: entityId }) => !isOwn(entityId))
        .map(toBrainHead)
        .filter((head) => query.model === undefined || head.model === query.model)
        .sort((a, b) => (a.entityId < b.entityId ? -1 : 1)),
    )
  }

  /** Deletes a brain; resolves to false when there was none. @throws {VaultError} `invalid-value` for an id of the vault's own, `locked`, `storage-full` */
  async delete(entityId: string): Promise<boolean> {
    refuseOwn(entityId, 'brain', 'entityId')
    return this.#access.commit(async (draft) => {
      if (!draft.state.heads.brains.has(entityId)) return false
      draft.change(['delete', 'brains', entityId])
      return true
    })
  }
}

/** Bodies of brains, as stored, in their order; pages read together. @throws {VaultError} `corrupt`; {SuspectPage} */
export async function readBrainBodies(access: Access, state: PendingBodies, heads: readonly Head[]): Promise<Body[]> {
  const pending = state.pendingOf(BRAIN_STEM)
  const folded = heads.filter(({ number }) => !pending?.get(number)?.body)
  const pages = await access.pages.readMany(folded.map((head) => ({ stem: BRAIN_STEM, folded: head.folded, page: head.number })))
  const read = new Map(folded.map(({ number }, i) => [number, pages[i]!.get(number)?.body]))
  return heads.map(({ number }) => {
    const body = pending?.get(number)?.body ?? read.get(number)
    if (body === undefined) throw new VaultError('corrupt', 'the body of a brain is not in its page; restore it from an archive', { where: 'pages', number, reason: 'missing-record' })
    return body
  })
}

/** What is known of a brain without its body. */
export function toBrainHead(head: Head): BrainHead {
  return { entityId: head.id as EntityId, model: head.value['model'] as string, rev: head.rev, modifiedAt: head.modifiedAt }
}
