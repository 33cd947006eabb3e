// Preferences: small named values, always in memory.

import * as z from 'zod/mini'
import type { Access } from '../core/access.js'
import { copyJson } from '../core/json-copy.js'
import { id, json, parseInput, refuseTooLong, type JsonValue } from './values.js'

export interface Preference {
  readonly key: string
  readonly value: JsonValue
  /** Commit of the last change, and its time in ms. */
  readonly rev: number
  readonly modifiedAt: number
}

const keySchema = z.object({ key: id })
const schema = z.object({ key: id, value: json })

export class Preferences {
  readonly #access: Access

  constructor(access: Access) {
    this.#access = access
  }

  /**
   * Saves a value under a key, whatever was there before.
   * @throws {VaultError} `invalid-value`, `locked`, `storage-full`
   */
  async set(key: string, value: JsonValue): Promise<void> {
    const parsed = parseInput(schema, { key, value }, 'preference')
    refuseTooLong(parsed.value, 'preference')
    await this.#access.commit(async (draft) => draft.change(['put', 'preferences', key, { value: parsed.value }]))
  }

  /** The value under a key, or undefined. @throws {VaultError} `locked` */
  async get(key: string): Promise<JsonValue | undefined> {
    return this.#access.view(async (state) => {
      const value = state.heads.preferences.get(key)?.value['value'] as JsonValue | undefined
      return value === undefined ? undefined : copyJson(value)
    })
  }

  /** Deletes a value; resolves to false when there was none. */
  async delete(key: string): Promise<boolean> {
    parseInput(keySchema, { key }, 'preference')
    return this.#access.commit(async (draft) => {
      if (!draft.state.heads.preferences.has(key)) return false
      draft.change(['delete', 'preferences', key])
      return true
    })
  }

  /** Every preference, by key. */
  async list(): Promise<readonly Preference[]> {
    return this.#access.view(async (state) =>
      [...state.heads.preferences.entries()]
        .map(([key, head]) => ({ key, value: copyJson(head.value['value']) as JsonValue, rev: head.rev, modifiedAt: head.modifiedAt }))
        .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)),
    )
  }
}
