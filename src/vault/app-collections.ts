// Makes collections of an app's own, over the open vault or inside of a transaction.

import type { Access } from './core/access.js'
import type { Fields } from './core/log-row.js'
import type { CollectionOptions } from './records/collection-types.js'
import { Collection, type FindItems } from './records/collections.js'
import { ItemShape } from './records/item-shape.js'
import { PendingWrites } from './records/pending-writes.js'
import { isCollectionName, publicNameOf } from './records/reserved-ids.js'
import type { StandardSchema } from './records/standard-schema.js'
import type { FetchedSearch } from './search-index.js'

export type AnyCollection = Collection<unknown, unknown, object>
export type AnyOptions = CollectionOptions<StandardSchema<unknown, Fields>, object, string>
export type CollectionMaker = (collection: string | AnyCollection, options?: AnyOptions) => AnyCollection

export function collectionsOver(access: Access, search: FetchedSearch): CollectionMaker {
  const find: FindItems = async function* (within, question) {
    yield* (await search.part()).searchItems(within, question)
  }

  const ports = { access, writes: new PendingWrites(), find }
  return (collection, options) => {
    if (collection instanceof Collection) return Collection.within(collection, ports)
    if (!isCollectionName(collection)) throw new RangeError('the name of a collection has 1 to 64 letters, digits, _, - and ., a letter first')
    return new Collection(collection, new ItemShape(options!, publicNameOf(collection)), ports)
  }
}
