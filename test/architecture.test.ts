// Holds the imports of src against the house rules, and the rules against planted mistakes.

import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { findViolations, type SourceFile } from './kit/import-rules.js'

function readSources(): SourceFile[] {
  const root = fileURLToPath(new URL('../src/', import.meta.url))
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path: path.split(sep).join('/'), text: readFileSync(join(root, path), 'utf8') }))
}

test('every file of src imports only what its place allows', () => {
  const files = readSources()
  expect(files.length).toBeGreaterThan(0)
  expect(findViolations(files)).toEqual([])
})

/** A small clean house; a case lays its mistake over it. */
const cleanHouse: Record<string, string> = {
  'errors.ts': 'export class VaultError extends Error {}',
  'brand.ts': 'export type SealedBytes = Uint8Array',
  'index.ts': "export { openVault } from './vault/open-vault.js'\nexport type { Memory } from './stores/memory.js'",
  'testing/index.ts': "export { memory } from '../stores/memory.js'",
  'system/persistence-system.ts': "import { openVault } from '../index.js'\nopenVault()",
  'crypto/aead.ts': "import { hkdf } from '@noble/hashes/hkdf.js'\nimport '../brand.js'\nexport const seal = hkdf",
  'crypto/envelope.ts': 'export const sealEnvelope = 1\nexport const envelopeEpoch = 2',
  'crypto/floe.ts': "import { seal } from './aead.js'\nexport const stream = seal",
  'stores/backend.ts': 'export interface Backend { apply(): Promise<void> }',
  'stores/tab-channel.ts': 'export const channel = 1\nexport interface TabChannel {}',
  'stores/memory.ts': "import type { Backend } from './backend.js'\nexport type Memory = Backend\nexport const memory = 1",
  'stores/connection.ts': "import type { IDBPDatabase } from 'idb'\nexport type Handle = IDBPDatabase",
  'stores/indexeddb.ts': "import { openDB } from 'idb'\nexport const open = openDB",
  'vault/core/codec.ts': "import * as z from 'zod/mini'\nimport { seal } from '../../crypto/aead.js'\nexport const codec = [z, seal]",
  'vault/core/pages.ts': "import { envelopeEpoch } from '../../crypto/envelope.js'\nexport const epoch = envelopeEpoch",
  'vault/core/log.ts': "import type { TabChannel } from '../../stores/tab-channel.js'\nexport type Log = TabChannel",
  'vault/records/sessions.ts': "import { codec } from '../core/codec.js'\nexport const sessions = codec",
  'vault/search/query.ts': "import { sessions } from '../records/sessions.js'\nexport const query = sessions",
  'vault/merge/policies.ts': 'export const policies = 1',
  'vault/archive/import.ts': "import { policies } from '../merge/policies.js'\nexport const importArchive = policies",
  'vault/open-vault.ts':
    "import { memory } from '../stores/memory.js'\nexport const openVault = () => import('./search/query.js').then(() => memory)",
}

const toFiles = (house: Record<string, string>): SourceFile[] =>
  Object.entries(house).map(([path, text]) => ({ path, text }))

const mistakes: [what: string, path: string, text: string, expected: string][] = [
  ['a leaf imports', 'brand.ts', "import './errors.js'", 'brand.ts: may not import errors.ts'],
  ['crypto knows a store', 'crypto/kdf.ts', "import '../stores/backend.js'", 'may not import stores/backend.ts'],
  ['crypto takes zod', 'crypto/kdf.ts', "import * as z from 'zod/mini'\nz", 'may not import zod/mini'],
  ['a store knows crypto', 'stores/rows.ts', "import { seal } from '../crypto/aead.js'\nseal", 'may not import crypto/aead.ts'],
  ['a store knows a type of crypto', 'stores/rows.ts', "type A = import('../crypto/aead.js').A", 'may not import crypto/aead.ts (types)'],
  ['a second file takes idb', 'stores/canary.ts', "import { openDB } from 'idb'\nopenDB", 'may not import idb'],
  ['the connection takes more of idb than types', 'stores/connection.ts', "import { type IDBPDatabase, openDB } from 'idb'", 'may not import idb'],
  ['core knows a concrete store', 'vault/core/state.ts', "import { memory } from '../../stores/memory.js'\nmemory", 'may not import stores/memory.ts'],
  ['core takes more of a contract than its types', 'vault/core/state.ts', "import { channel } from '../../stores/tab-channel.js'\nchannel", 'may not import stores/tab-channel.ts'],
  ['core knows a feature', 'vault/core/state.ts', "import { query } from '../search/query.js'\nquery", 'may not import vault/search/query.ts'],
  ['records know crypto', 'vault/records/brains.ts', "import '../../crypto/floe.js'", 'may not import crypto/floe.ts'],
  ['features know each other', 'vault/search/rank.ts', "import { policies } from '../merge/policies.js'\npolicies", 'may not import vault/merge/policies.ts'],
  ['merge knows the archive', 'vault/merge/merge.ts', "import '../archive/import.js'", 'may not import vault/archive/import.ts'],
  ['a feature knows the top', 'vault/search/rank.ts', "import '../open-vault.js'", 'may not import vault/open-vault.ts'],
  ['a feature reaches a store lazily', 'vault/search/rank.ts', "export const f = () => import('../../stores/memory.js')", 'may not import stores/memory.ts'],
  ['a worker is started across the house', 'crypto/pool.ts', "new Worker(new URL('../stores/memory.js', import.meta.url))", 'may not import stores/memory.ts'],
  ['another file than open-vault names a concrete store', 'vault/locked-vault.ts', "export { memory } from '../stores/memory.js'", 'may not import stores/memory.ts'],
  ['the library uses its testing entry', 'vault/locked-vault.ts', "import '../testing/index.js'", 'may not import testing/index.ts'],
  ['the system reaches behind the public entry', 'system/flush.ts', "import '../vault/open-vault.js'", 'may not import vault/open-vault.ts'],
  ['a package nobody decided on', 'vault/core/state.ts', "import 'lodash'", 'may not import lodash'],
  ['a module of Node', 'crypto/kdf.ts', "import 'node:crypto'", 'may not import node:crypto'],
  ['the whole of zod', 'vault/core/state.ts', "import * as z from 'zod'\nz", 'may not import zod'],
  ['zod by name', 'vault/core/state.ts', "import { z } from 'zod/mini'\nz", 'takes zod other than'],
  ['a second place that seals', 'vault/core/blobs.ts', "import { seal } from '../../crypto/aead.js'\nseal", 'vault/core/codec.ts only'],
  ['a second place that seals envelopes', 'vault/core/blobs.ts', "import { sealEnvelope } from '../../crypto/envelope.js'\nsealEnvelope", 'vault/core/codec.ts only'],
  ['a second place that hides how it opens', 'vault/core/blobs.ts', "import * as envelope from '../../crypto/envelope.js'\nenvelope", 'vault/core/codec.ts only'],
  ['the entry computes', 'index.ts', "export { openVault } from './vault/open-vault.js'\nexport const version = 1", 'nothing but re-exports'],
  ['the entry exports without names', 'index.ts', "export * from './errors.js'", 'nothing but re-exports'],
  ['a barrel file', 'vault/core/index.ts', "export { codec } from './codec.js'", 'barrel file'],
  ['a folder nobody decided on', 'utils/strings.ts', 'export const trim = 1', 'a folder the house does not have'],
  ['an unknown folder of the vault', 'vault/sync/pull.ts', 'export const pull = 1', 'a folder the house does not have'],
  ['a missing suffix', 'crypto/kdf.ts', "import './aead'", 'is no file of src'],
  ['a file that is not there', 'crypto/kdf.ts', "import './gone.js'", 'is no file of src'],
  ['a computed import', 'crypto/kdf.ts', 'export const f = (x: string) => import(x)', 'not written as a plain string'],
  ['a text that does not parse', 'crypto/kdf.ts', 'export const = 1', 'crypto/kdf.ts:'],
  ['a cycle', 'crypto/aead.ts', "import './floe.js'", 'import cycle: crypto/aead.ts -> crypto/floe.ts -> crypto/aead.ts'],
  ['a cycle of types', 'crypto/aead.ts', "import type { A } from './floe.js'", 'import cycle: crypto/aead.ts -> crypto/floe.ts'],
  ['a file of 401 lines', 'crypto/kdf.ts', '//\n'.repeat(401), 'has 401 lines'],
]

describe('the rules themselves', () => {
  test('find nothing in a clean house', () => {
    expect(findViolations(toFiles(cleanHouse))).toEqual([])
  })

  test('allow 400 lines', () => {
    expect(findViolations([{ path: 'crypto/kdf.ts', text: '//\n'.repeat(400) }])).toEqual([])
  })

  test.each(mistakes)('report it when %s', (_what, path, text, expected) => {
    const violations = findViolations(toFiles({ ...cleanHouse, [path]: text }))
    expect(violations.join('\n')).toContain(expected)
  })
})
