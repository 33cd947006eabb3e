// The scan finds what was planted, in every encoding and in every container, and nothing where nothing was planted.
// That the containers of the tests are those of browsers is shown by test/e2e/scan-clear.test.ts.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { scanClear } from '../../tools/scan-clear.mjs'
import { framedSnappy, levelDbLog, levelDbTable, mozLz4, snappy, sqliteFile, sqliteWal } from './kit/containers.js'

const scratch = mkdtempSync(join(tmpdir(), 'sealed-vault-scan-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let count = 0
function folderOf(files: Record<string, Buffer | string>): string {
  const folder = join(scratch, String(count++))
  mkdirSync(folder)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

const secret = 'Quiet Harbour'
const scanOne = (name: string, content: Buffer, wanted = secret) => scanClear({ profile: folderOf({ [name]: content }), secrets: [wanted] })

/** A text with the secret that no compressor leaves in one piece, and no decoder puts together by luck. */
const sentence = Buffer.from(`Quiet Har, et Harbour; ${'the same again and '.repeat(40)}Quiet Harbour${', '.repeat(100)}and the end of it`)

describe('encodings', () => {
  const text = 'Straße 12'
  const planted: [string, Buffer][] = [
    ['UTF-8', Buffer.from(text)],
    ['UTF-16LE', Buffer.from(text, 'utf16le')],
    ['UTF-16BE', Buffer.from(text, 'utf16le').swap16()],
    ['Latin-1', Buffer.from(text, 'latin1')],
    ['doubled bytes', Buffer.from([...Buffer.from(text)].flatMap((byte) => [byte, byte]))],
    ['bytes with zeros', Buffer.from([...Buffer.from(text)].flatMap((byte) => [byte, 0]))],
    ['IndexedDB key of Firefox', Buffer.from('Tusb\x80`f!23', 'latin1')],
    ['UTF-8, lower case', Buffer.from('straße 12')],
    ['UTF-8, upper case', Buffer.from('STRASSE 12')],
    ['UTF-16LE, lower case', Buffer.from('straße 12', 'utf16le')],
    ['UTF-16BE, upper case', Buffer.from('STRASSE 12', 'utf16le').swap16()],
  ]

  test.each(planted)('%s', (encoding, bytes) => {
    const profile = folderOf({ 'a/b/some.file': Buffer.concat([Buffer.alloc(1001, 7), bytes, Buffer.alloc(5)]) })
    const { found, files, bytes: size } = scanClear({ profile, secrets: [text] })
    expect(found).toEqual([{ secret: text, encoding, file: 'a/b/some.file', offset: 1001 }])
    expect([files, size]).toEqual([1, 1001 + bytes.length + 5])
  })

  test('the first and the last bytes of a file, a file name and what a link says count too', () => {
    const profile = folderOf({ begin: 'alpha beta', end: 'the end: omega', 'db/gamma.sqlite': '', short: 'zet' })
    symlinkSync('/nowhere/delta', join(profile, 'link'))
    const { found } = scanClear({ profile, secrets: ['alpha', 'omega', 'gamma', 'delta', 'zeta'] })
    expect(found.map(({ secret, file, offset, container }) => [secret, file, offset, container])).toEqual([
      ['alpha', 'begin', 0, undefined],
      ['gamma', 'db/gamma.sqlite', 0, 'file name'],
      ['omega', 'end', 9, undefined],
      ['delta', 'link', 0, 'link'],
    ])
  })

  test('secrets of four bytes, and secrets that begin alike, are told apart', () => {
    const profile = folderOf({ file: 'abcd abcdefgh-one abcdefgh-two' })
    const { found } = scanClear({ profile, secrets: ['abcd', 'abcdefgh-two', 'abcdefgh-three', 'abce'] })
    expect(found.map(({ secret }) => secret).sort()).toEqual(['abcd', 'abcdefgh-two'])
  })
})

describe('containers', () => {
  const asLog = (before: number) => levelDbLog([Buffer.alloc(before, 1), Buffer.from(`....${secret}....`), Buffer.alloc(10)])
  const blinkValue = Buffer.concat([Buffer.of(0xff, 0x15, 0xff, 0x11, 0x02), snappy(sentence)])
  const longKey = (text: string): [Buffer, Buffer] => [Buffer.from(text, 'utf16le').swap16(), Buffer.of(1)]
  const planted: [string, string, Buffer][] = [
    ['mozLz4', 'sessionstore-backups/recovery.jsonlz4', mozLz4(sentence)],
    ['framed Snappy', 'db.files/1', framedSnappy(sentence, sentence.indexOf(secret) + 5)],
    ['Snappy value of Blink', 'db.blob/1/00/1', Buffer.concat([blinkValue, Buffer.from('more')])],
    ['LevelDB block', 'db.leveldb/000005.ldb', levelDbTable([[Buffer.from('key'), sentence]])],
    ['LevelDB block', 'db.leveldb/000005.sst', levelDbTable([[Buffer.from('key'), sentence]])],
    ['LevelDB keys', 'db.leveldb/000005.ldb', levelDbTable([longKey('Quiet Garden'), longKey(secret)])],
    ['Snappy value of Blink in LevelDB block', 'db.leveldb/000005.ldb', levelDbTable([[Buffer.from('key'), blinkValue]])],
    ['LevelDB log record', 'db.leveldb/000003.log', asLog(32_768 - 7 - 7 - 10)],
    ['LevelDB log record', 'db.leveldb/MANIFEST-000001', asLog(2 * 32_768 - 3 * 7 - 10)],
    ['Snappy value of Blink in LevelDB log record', 'db.leveldb/000003.log', levelDbLog([Buffer.alloc(32_700), blinkValue])],
    ['Snappy in a SQLite column', 'db.sqlite', sqliteFile(snappy(sentence), 'table')],
    ['Snappy in a SQLite column', 'db.sqlite', sqliteFile(snappy(sentence), 'index')],
    ['Snappy in a SQLite column', 'db.sqlite', sqliteFile(snappy(Buffer.concat([Buffer.from(Array.from({ length: 2000 }, (_, at) => (at * at) >> 3)), sentence])), 'index')],
    ['Snappy in a SQLite column', 'db.sqlite-wal', sqliteWal(snappy(Buffer.concat([Buffer.from(Array.from({ length: 900 }, (_, at) => (at * at) >> 3)), sentence])))],
    ['SQLite record', 'db.sqlite', sqliteFile(Buffer.from('.'.repeat(540) + secret + '.'.repeat(452)), 'table')],
  ]

  test.each(planted)('%s in %s', (container, name, content) => {
    expect(content.includes(secret), 'a plain search must miss it').toBe(false)
    const { found, unread } = scanOne(name, content)
    expect(found).toEqual([expect.objectContaining({ secret, file: name, container })])
    expect(unread).toEqual([])
    expect(scanOne(name, content, 'Loud Harbour').found).toEqual([])
  })

  test('a record cut at any place by the end of a block is found', () => {
    for (let before = 32_768 - 50; before < 32_768; before++) expect(scanOne('000003.log', asLog(before)).found, String(before)).toHaveLength(1)
  })

  test('the row in the log runs on in the database', () => {
    const blob = snappy(Buffer.concat([Buffer.from(Array.from({ length: 900 }, (_, at) => (at * at) >> 3)), sentence]))
    const database = sqliteFile(blob, 'table')
    const wal = sqliteWal(blob)
    // Only the page with the row is in the log, and it is no longer in the database.
    const profile = folderOf({ 'db.sqlite': Buffer.concat([database.subarray(0, 512), Buffer.alloc(512), database.subarray(1024)]), 'db.sqlite-wal': Buffer.concat([wal.subarray(0, 32), wal.subarray(32 + 536, 32 + 2 * 536)]) })
    expect(scanClear({ profile, secrets: [secret] }).found).toEqual([expect.objectContaining({ file: 'db.sqlite-wal' })])
  })

  test('what is damaged or not known is named, and the rest still searched', () => {
    const table = levelDbTable([[Buffer.from('key'), Buffer.from(secret)]], 2)
    const cut = mozLz4(sentence).subarray(0, 60)
    const profile = folderOf({ '000005.ldb': table, 'a.jsonlz4': cut, 'z.txt': `and ${secret}`, 'bad.ldb': Buffer.concat([Buffer.alloc(40, 255), table.subarray(-8)]), 'bad.sqlite': Buffer.from('SQLite format 3\0'.padEnd(600, '\xff'), 'latin1') })
    const { found, unread } = scanClear({ profile, secrets: [secret, 'nowhere'] })
    expect(found.map(({ secret }) => secret)).toEqual([secret])
    expect(unread.map(({ file }) => file).sort()).toEqual(['000005.ldb', 'a.jsonlz4', 'bad.ldb'])
  })
})

test('nothing is found where there is nothing', () => {
  const profile = folderOf({ 'a.txt': 'Loud Garden', 'b/c.sqlite': sqliteFile(snappy(Buffer.from('the same, the same, the same, the same')), 'table'), empty: '' })
  expect(scanClear({ profile, secrets: [secret, 'quiet'] })).toEqual({ found: [], excluded: [], unread: [], files: 3, bytes: expect.any(Number), secrets: 2 })
})

test('words of the browser itself are left out', () => {
  const profile = folderOf({ a: 'about:config and Quiet Harbour' })
  const control = folderOf({ b: 'ABOUT:CONFIG' })
  const { found, excluded, secrets } = scanClear({ profile, control, secrets: [secret, 'about:config', secret] })
  expect([found.map(({ secret }) => secret), excluded.map(({ secret }) => secret), secrets]).toEqual([[secret], ['about:config'], 1])
  expect(() => scanClear({ profile, control: profile, secrets: [secret] })).toThrow(/none is left/)
})

describe('the command', () => {
  const tool = fileURLToPath(new URL('../../tools/scan-clear.mjs', import.meta.url))
  const run = (...given: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [tool, ...given], { encoding: 'utf8' })
    return { status, stdout, stderr }
  }
  const profile = folderOf({ 'a/b': `....${secret}` })
  const listOf = (text: string): string => join(folderOf({ list: text }), 'list')

  test('says what it found, and says so by its exit code', () => {
    const list = listOf(`\ufeffQuiet Harbour\r\n\r\nLoud Harbour\n`)
    expect(run('--profile', profile, '--secrets', list)).toEqual({ status: 1, stderr: '', stdout: 'Quiet Harbour  (UTF-8)  a/b at 4\n1 of 2 secrets found in 1 files (17 bytes)\n' })
    const json = run('--profile', profile, '--secrets', list, '--json')
    expect([json.status, JSON.parse(json.stdout)]).toEqual([1, scanClear({ profile, secrets: ['Quiet Harbour', 'Loud Harbour'] })])
    const control = folderOf({ c: 'quiet harbour' })
    expect(run('--profile', profile, '--secrets', list, '--control', control)).toEqual({ status: 0, stderr: '', stdout: '0 of 1 secrets found in 1 files (17 bytes), 1 left out\n' })
  })

  test.each([
    ['no arguments', [], /--profile FOLDER/],
    ['no such folder', ['--profile', join(scratch, 'gone'), '--secrets', listOf('harbour')], /no folder/],
    ['no such control', ['--profile', profile, '--secrets', listOf('harbour'), '--control', join(scratch, 'gone')], /no folder/],
    ['no such list', ['--profile', profile, '--secrets', join(scratch, 'gone')], /ENOENT/],
    ['an empty list', ['--profile', profile, '--secrets', listOf('\n\n')], /empty/],
    ['a short secret', ['--profile', profile, '--secrets', listOf('harbour\nabc\n')], /"abc" has fewer than 4 bytes/],
    ['a list that is no UTF-8', ['--profile', profile, '--secrets', join(folderOf({ list: Buffer.from('caf\xe9 au lait', 'latin1') }), 'list')], /utf-8/],
    ['an unknown option', ['--profil', profile], /profil/],
  ])('refuses %s', (_what, given, message) => {
    const { status, stdout, stderr } = run(...given)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(message)
  })
})
