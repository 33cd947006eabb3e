// Preferences: small named values, always in memory.

import * as z from 'zod/mini'
import type { Access } from '../core/access.js'
import { copyJson } from '../core/json-copy.js'
import type { Draft } from '../core/draft.js'
import type { Head, State } from '../core/state.js'
import { isOwn, OWN_PREFIX, refuseOwn } from './reserved-ids.js'
import { id, json, parseInput, refuseTooLong, type JsonValue } from './values.js'

export interface Preference {
  readonly key: string
  readonly value: JsonValue
  /** Commit of the last change, and its time in ms. */
  readonly rev: number
  readonly modifiedAt: number
}

/** Heads of preferences: those of the state, or of a snapshot of it. */
export interface OwnValues {
  get(id: string): Head | undefined
}

/** The value that the vault keeps for itself under a name. */
export function ownValueIn(values: OwnValues, name: string): unknown {
  return values.get(OWN_PREFIX + name)?.value['value']
}

export function ownValue(state: State, name: string): unknown {
  return ownValueIn(state.heads.preferences, name)
}

/** Keeps a value under a name; undefined takes it away. */
export function putOwnValue(draft: Draft, name: string, value: JsonValue | undefined): void {
  const id = OWN_PREFIX + name
  if (value !== undefined) draft.change(['put', 'preferences', id, { value }])
  else if (draft.state.heads.preferences.has(id)) draft.change(['delete', 'preferences', id])
}

export function setOwnValue(access: Access, name: string, value: JsonValue): Promise<void> {
  return access.commit(async (draft) => putOwnValue(draft, name, value))
}

const keySchema = z.object({ key: id })
const schema = z.object({ key: id, value: json })

export class Preferences {
  readonly #access: Access

  constructor(access: Access) {
    this.#access = access
  }

  /**
   * Saves a value under a key, whatever was there before. Keys that begin with `sealed-vault/` are the vault's own.
   * @throws {VaultError} `invalid-value`, `locked`, `storage-full`
   */
  async set(key: string, value: JsonValue): Promise<void> {
    const parsed = parseInput(schema, { key, value }, 'preference')
    refuseOwn(key, 'preference', 'key')
    refuseTooLong(parsed.value, 'preference')
    await this.#access.commit(async (draft) => draft.change(['put', 'preferences', key, { value: parsed.value }]))
  }

  /** The value under a key, or undefined. @throws {VaultError} `locked` */
  async get(key: string): Promise<JsonValue | undefined> {
    return this.#access.view(async (state) => {
      if (isOwn(key)) return undefined
      const value = state.heads.preferences.get(key)?.value['value'] as JsonValue | undefined
      return value === undefined ? undefined : copyJson(value)
    })
  }

  /** Deletes a value; resolves to false when there was none. */
  async delete(key: string): Promise<boolean> {
    parseInput(keySchema, { key }, 'preference')
    refuseOwn(key, 'preference', 'key')
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
        .filter(([key]) => !isOwn(key))
        .map(([key, head]) => ({ key, value: copyJson(head.value['value']) as JsonValue, rev: head.rev, modifiedAt: head.modifiedAt }))
        .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)),
    )
  }
}
