// Version 1 of the database: the ten stores of docs/format.md, section 1. Keys out of line, no indexes.

import { STORE_IDS } from '../backend.js'

/** Runs inside `upgradeneeded`: synchronous, and without any request but those that make stores. */
export function createStores(database: IDBDatabase): void {
  for (const name of Object.keys(STORE_IDS)) database.createObjectStore(name)
}
