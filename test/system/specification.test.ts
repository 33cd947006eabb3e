// docs/specification.md: every row that is done has a test below that bears its id, and the last one holds the document against what ran.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type * as opening from '../../src/vault/open-vault.js'
import { membersOf, publicNames } from '../kit/public-names.js'
import { documentRows } from '../kit/specification-document.js'
import { cardLines, readLines, specificationLines } from '../kit/specification-lines.js'
import { newStage, rows, type Stage } from '../kit/specification-rows.js'
import './specification/system.js'
import './specification/storage.js'
import './specification/search.js'
import './specification/sessions.js'
import './specification/messages.js'
import './specification/archives.js'
import './specification/performance.js'
import './specification/errors.js'
import './specification/consistency.js'
import './specification/security.js'
import './specification/monitoring.js'
import './specification/life.js'
import './specification/card.js'

vi.mock('../../src/vault/open-vault.js', async (original) => {
  const real = await original<typeof opening>()
  const { currentEnvironment } = await import('../kit/current-browser.js')
  return {
    ...real,
    browserEnvironment: currentEnvironment,
    openVault: (options: Parameters<typeof real.openVault>[0]) => real.openVaultIn(currentEnvironment(), options),
    listVaults: () => real.listVaultsIn(currentEnvironment()),
    destroyVault: (name: string) => real.destroyVaultIn(currentEnvironment(), name),
  }
})

const root = fileURLToPath(new URL('../../', import.meta.url))
/** The folder with the documents: beside the data that tests of corpora use. */
const specificationAtHand = [join(process.env['SEALED_VAULT_DATA'] ?? join(root, '../shared/data'), '../spec')].find((folder) => existsSync(join(folder, 'persistence-system.md')))

const passed = new Set<string>()
let stage: Stage

beforeEach(() => {
  stage = newStage()
})

describe('the specification', () => {
  for (const { id, title, show } of rows) {
    it(`${id}: ${title}`, async () => {
      expect.hasAssertions()
      await show(stage)
      passed.add(id)
    })
  }
})

// Last, for it looks at what the others did: it fails where one of them failed, was skipped or was left out.
describe('docs/specification.md', () => {
  const document = documentRows()
  const mayBePlanned = (id: string): boolean => /^S-16(?:\.|$)/.test(id)
  const done = document.filter(({ planned }) => planned === undefined)

  it('has one row for every heading and bullet of the specification and of the design card, and no other', () => {
    const lines = [...specificationLines, ...cardLines]
    expect(lines.length).toBe(139)
    expect(document.map(({ id, name }) => `${id} ${name}`)).toEqual(lines.map(({ id, name }) => `${id} ${name}`))
  })

  it('says planned only where that is allowed, and only where it is so', () => {
    const planned = document.filter((row) => row.planned !== undefined).map(({ id }) => id)
    expect(planned.filter((id) => !mayBePlanned(id))).toEqual([])
    expect(rows.map(({ id }) => id).filter((id) => planned.includes(id))).toEqual([])
  })

  it('names calls that exist, and tests that make them', async () => {
    const names = publicNames()
    const values: Record<string, unknown> = { ...(await import('../../src/index.js')), ...(await import('../../src/system/index.js')) }
    const wrong: string[] = []
    for (const { id, calls, shownBy } of done) {
      const row = rows.find((defined) => defined.id === id)
      const source = row?.show.toString() ?? ''
      if (calls.length === 0) wrong.push(`${id} names no call`)
      for (const call of calls) {
        const [name = '', member, ...more] = call.split('.')
        const found = names.get(name)
        if (found === undefined || more.length > 0) wrong.push(`${id}: ${name} is not exported`)
        else if (!found.isType && values[name] === undefined) wrong.push(`${id}: ${name} is no value`)
        else if (member !== undefined && !membersOf(found).has(member)) wrong.push(`${id}: ${name} has no ${member}`)
        // Of a type alone nothing is left in a test.
        else if ((member !== undefined || !found.isType) && !new RegExp(`\\b${member ?? name}\\b`).test(source)) wrong.push(`${id}: its test does not use ${call}`)
      }
      const text = shownBy !== undefined && existsSync(root + shownBy) ? readFileSync(root + shownBy, 'utf8') : ''
      if (!text.includes(`row('${id}', `)) wrong.push(`${id}: its test is not in ${shownBy}`)
    }
    expect(wrong).toEqual([])
  })

  it('shows every row by a test that ran and passed', () => {
    const ids = rows.map(({ id }) => id)
    expect(ids.length).toBe(new Set(ids).size)
    expect(done.map(({ id }) => id).filter((id) => !passed.has(id))).toEqual([])
    expect([...passed].sort()).toEqual(done.map(({ id }) => id).sort())
  })

  it.skipIf(specificationAtHand === undefined)('lists the lines of the documents themselves, where these are at hand', () => {
    const read = (name: string, prefix: string) => readLines(readFileSync(join(specificationAtHand!, name), 'utf8'), prefix)
    for (const [name, prefix, lines] of [['persistence-system.md', 'S', specificationLines], ['design-card.md', 'D', cardLines]] as const) {
      const real = read(name, prefix)
      expect(real.map(({ id, kind }) => `${id} ${kind}`)).toEqual(lines.map(({ id, kind }) => `${id} ${kind}`))
      expect(real.filter(({ name: text }, i) => !text.startsWith(lines[i]!.name)).map(({ id }) => id)).toEqual([])
    }
  })
})
