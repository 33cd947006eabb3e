// Old vaults stay readable for ever.

import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dumpVault } from '../kit/model.js'
import { openGolden } from './open-golden.js'

const folder = new URL('.', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

describe('golden vaults', () => {
  it('are there', () => expect(files).toEqual(expect.arrayContaining(['vault-v1.json', 'vault-v1-index.json', 'vault-v1-index-2.json', 'vault-v1-slots.json', 'vault-v1-pictures.json'])))

  for (const file of files) {
    it(`${file} opens and holds what it held`, { timeout: 30_000 }, async () => {
      const { golden, vault } = await openGolden(file)
      await expect(vault.unlock(golden.refused)).rejects.toMatchObject({ code: 'wrong-password' })
      const open = await vault.unlock(golden.password)
      expect(JSON.parse(JSON.stringify(await dumpVault(open)))).toEqual(golden.holds)
      const searched = async (): Promise<Record<string, string[]>> => {
        const found: Record<string, string[]> = {}
        for (const query of Object.keys(golden.searches ?? {})) {
          found[query] = []
          for await (const { message } of open.search(query)) found[query].push(`${message.chatLogId}/${message.id}`)
        }
        return found
      }
      expect(await searched()).toEqual(golden.searches ?? {})
      expect(await open.check()).toMatchObject({ ok: true, problems: [], leftOvers: 0 })
      // Written on, it is still the same vault.
      await open.checkpoint()
      expect(JSON.parse(JSON.stringify(await dumpVault(open)))).toEqual(golden.holds)
      expect(await searched()).toEqual(golden.searches ?? {})
      expect(await open.check()).toMatchObject({ ok: true, problems: [] })
      await open.lock()
    })
  }

  it('with other ways in open by each of them', { timeout: 60_000 }, async () => {
    const { golden, vault, again } = await openGolden('vault-v1-slots.json')
    await vault.close()
    expect(golden.alsoOpens).toHaveLength(4)
    for (const secret of golden.alsoOpens!) {
      const open = await (await again()).unlock(secret)
      expect(JSON.parse(JSON.stringify(await dumpVault(open)))).toEqual(golden.holds)
      expect(await open.slots.list()).toMatchObject(golden.slots!)
      await open.lock()
    }
  })

  it('with pictures keep those as bytes, and give back their base64', { timeout: 30_000 }, async () => {
    const { vault, golden, rows } = await openGolden('vault-v1-pictures.json')
    const open = await vault.unlock(golden.password)
    const [, picture] = (await open.brains.get('guide'))!.memories as string[]
    expect(picture).toMatch(/^data:image\/png;base64,/)
    const { metadata } = (await open.chatLogs.getMessage('l', 'm0'))!
    expect(metadata!.images!.length === 2 && metadata!.images![0] === picture).toBe(true)
    for (const [, row] of rows('blobs').entries()) expect(row.length).toBeLessThan(0.79 * picture!.length)
    await open.lock()
  })

  it('without an index get one after the first search', { timeout: 30_000 }, async () => {
    const { golden, vault, rows } = await openGolden('vault-v1.json')
    const open = await vault.unlock(golden.password)
    const words = [...new Set(messagesOf(golden.holds).flatMap((text) => text.match(/\b[a-z]{4,20}\b/g) ?? []))].slice(0, 20)
    expect(words.length).toBeGreaterThan(3)
    const search = async (word: string): Promise<string[]> => {
      const found: string[] = []
      for await (const { message } of open.search(word)) found.push(message.id)
      return found
    }
    const before = new Map<string, string[]>()
    for (const word of words) before.set(word, await search(word))
    expect([...before.values()].some((found) => found.length > 0)).toBe(true)
    await expect.poll(() => rows('blocks').size).toBeGreaterThan(0)
    for (const word of words) expect(await search(word), word).toEqual(before.get(word))
    expect(await open.check()).toMatchObject({ ok: true, problems: [] })
    await open.lock()
  })
})

/** Every content in whatever a vault held. */
function messagesOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const { content } = value as { content?: unknown }
  return [...(typeof content === 'string' ? [content] : []), ...Object.values(value).flatMap(messagesOf)]
}
