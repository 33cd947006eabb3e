// Ids that are not an app's to give: what the vault keeps for itself among preferences, and the items of apps' collections, which are
// stored as brains are. Implements docs/format.md, section 7, "Items".

import { VaultError } from '../../errors.js'

/** What the vault itself keeps among the preferences begins so, and items among the brains; apps neither see nor change it by these. */
export const OWN_PREFIX = 'sealed-vault/'
const ITEM_PREFIX = `${OWN_PREFIX}app/`
/** No slash, so that the end of a name is where the id begins; a letter first, so that none is a name that JavaScript gives a meaning. */
const COLLECTION_NAME = /^[A-Za-z][\w.-]{0,63}$/

export function isOwn(id: string): boolean {
  return typeof id === 'string' && id.startsWith(OWN_PREFIX)
}

/** @throws {VaultError} `invalid-value` with reason `reserved` */
export function refuseOwn(id: string, where: string, field: string): void {
  if (isOwn(id)) throw new VaultError('invalid-value', `ids that begin with ${OWN_PREFIX} are the vault's own; take another`, { where, fields: [field], reason: 'reserved' })
}

export interface ItemName {
  readonly collection: string
  readonly id: string
}

export function isCollectionName(name: unknown): name is string {
  return typeof name === 'string' && COLLECTION_NAME.test(name)
}

/** What the ids of the items of a collection begin with, as they are stored. */
export function itemPrefix(collection: string): string {
  return `${ITEM_PREFIX}${collection}/`
}

/** The id under which an item is stored among the brains. */
export function itemIdOf({ collection, id }: ItemName): string {
  return itemPrefix(collection) + id
}

/** The item that is stored under an id; undefined for that of a brain. */
export function itemNameOf(storedId: string): ItemName | undefined {
  if (!storedId.startsWith(ITEM_PREFIX)) return undefined
  const end = storedId.indexOf('/', ITEM_PREFIX.length)
  return { collection: storedId.slice(ITEM_PREFIX.length, end), id: storedId.slice(end + 1) }
}

/** What a collection is called where kinds of records are named: events, errors. */
export function publicNameOf(collection: string): string {
  return `app:${collection}`
}
