// Every real corpus at hand in an archive, read by the stand-alone reader as a program of its own, as its head says how to call it, and held
// against the plain JSON. A made-up corpus with every test run, real ones whole with `npm run faults -- archives`, and 20,000 messages of each
// whose name begins like SEALED_VAULT_CORPUS where that is set.

import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import { verify } from '../../src/vault/archive/verify-archive.js'
import { readByProgram } from '../kit/archive-program.js'
import { asJson, jsonOf, timeless } from '../kit/archives.js'
import { seededRandom } from '../kit/random.js'
import { testBrowser } from '../kit/tabs.js'
import { corpusNames, readCorpus } from '../search/kit/corpora.js'
import { fillVault, generatedSample, sampleOf, type Sample } from '../search/kit/sample.js'

const FULL = process.env['SEALED_VAULT_FAULTS'] === 'full'
const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
const [PART, PARTS] = (process.env['SEALED_VAULT_FAULTS_PART'] ?? '1/1').split('/').map(Number) as [number, number]
/** Messages of a corpus unless all is wanted. */
const MESSAGES = 20_000
const recoveryCode = createRecoveryCode()

describe('a corpus in an archive', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealed-vault-archives-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const sampleNamed = (name: string): Sample => {
    if (name === 'generated') return generatedSample(SEED, FULL ? MESSAGES : 1500)
    let left = FULL ? Infinity : MESSAGES
    return sampleOf(readCorpus(name).filter(({ messages }) => (left -= messages.length) >= 0), seededRandom(SEED))
  }
  const wanted = process.env['SEALED_VAULT_CORPUS']
  const found = FULL || wanted !== undefined ? corpusNames(wanted) : []
  const names = (found.length > 0 ? found : ['generated']).filter((_, i) => i % PARTS === PART - 1)
  // Of more parts than corpora, some hold none.
  if (names.length === 0) it('holds none in this part', () => expect(PARTS).toBeGreaterThan(found.length))

  for (const name of names) {
    it(`as another program reads it: ${name}`, { timeout: found.length > 0 ? 3_600_000 : 120_000 }, async () => {
      const began = performance.now()
      const sample = sampleNamed(name)
      const open = await testBrowser().tab()
      await fillVault(open, sample, 3)
      const path = join(folder, `${name}.archive`)
      const { stream, report } = await open.exportArchive({ recoveryCode })
      await pipeline(Readable.fromWeb(stream as NodeStream), createWriteStream(path))
      const { counts, bytes } = await report
      expect(counts.messages).toBe(sample.messages.length)
      const { records, exitCode, told } = await readByProgram(path, recoveryCode)
      expect([exitCode, told]).toEqual([0, ''])
      // Where there are no items the file says nothing of them.
      const { items, ...written } = counts
      expect(items).toBe(0)
      expect(records.at(-1)).toMatchObject({ kind: 'end', counts: written })
      // Keys in any order; what differs in megabytes is not printed.
      const plain = timeless(await jsonOf(await open.exportJson({ unprotected: true })))
      expect(isDeepStrictEqual(asJson(records), plain)).toBe(true)
      const source = Readable.toWeb(createReadStream(path)) as unknown as ReadableStream<Uint8Array>
      expect((await verify(source, { recoveryCode })).counts).toEqual(counts)
      await open.lock()
      const restored = await testBrowser().tab()
      const again = Readable.toWeb(createReadStream(path)) as unknown as ReadableStream<Uint8Array>
      expect((await restored.importArchive(again, { recoveryCode })).counts.messages).toMatchObject({ added: counts.messages, skipped: 0 })
      expect(isDeepStrictEqual(timeless(await jsonOf(await restored.exportJson({ unprotected: true }))), plain)).toBe(true)
      await restored.lock()
      if (found.length > 0) console.info(`${name}: ${counts.messages} messages of ${counts.sessions} sessions in ${bytes} bytes, the same read by the library and another program, and as much in a vault restored from it; ${((performance.now() - began) / 1000).toFixed(0)} s`)
      await rm(path)
    })
  }

  it('is refused by the program with another code, and when it was cut off', { timeout: 60_000 }, async () => {
    const open = await testBrowser().tab()
    await fillVault(open, generatedSample(SEED, 300))
    const whole = join(folder, 'whole.archive')
    const { stream } = await open.exportArchive({ recoveryCode })
    await pipeline(Readable.fromWeb(stream as NodeStream), createWriteStream(whole))
    const cut = join(folder, 'cut.archive')
    const { size } = await stat(whole)
    await pipeline(createReadStream(whole, { end: size - 2 }), createWriteStream(cut))
    expect(await readByProgram(whole, createRecoveryCode())).toEqual({ records: [], exitCode: 1, told: 'the recovery code does not fit\n' })
    const { exitCode, told } = await readByProgram(cut, recoveryCode)
    expect([exitCode, told]).toEqual([1, expect.stringContaining('cut off')])
    await open.lock()
  })
})
