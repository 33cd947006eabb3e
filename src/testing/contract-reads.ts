// The contract of `read`.

import { equal, ok } from './check.js'
import type { Case } from './contract-bench.js'
import { add, batch, get, label, put, row } from './contract-rows.js'
import { type Operation, STORE_IDS, type StoreName } from '../stores/backend.js'

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** @internal */
export function describeReads(test: Case): void {
  test('answers an empty store', async ({ open }) => {
    const backend = await open()
    const answers = await backend.read([
      { kind: 'get', store: 'log', key: 1 },
      { kind: 'rows', store: 'log' },
      { kind: 'keys', store: 'pages' },
      { kind: 'count', store: 'heads' },
      { kind: 'lastKey', store: 'log' },
    ])
    equal(answers, [undefined, [], [], 0, undefined], 'answers of empty stores')
  })

  test('answers no request at all', async ({ open }) => {
    equal(await (await open()).read([]), [], 'answers')
  })

  test('has all ten stores, each apart from the others', async ({ open }) => {
    const backend = await open()
    const stores = Object.keys(STORE_IDS) as StoreName[]
    await backend.apply(batch(stores.map((store, i) => put(store, 'same', row(i)))))
    for (const [i, store] of stores.entries()) equal(await get(backend, store, 'same'), row(i), store)
  })

  test('answers every kind of request, several at once, in their order', async ({ open }) => {
    const backend = await open()
    await backend.apply(batch([...numbers(1, 5).map((seq) => add('log', seq, row(seq))), put('header', 'header', row(99))]))
    const answers = await backend.read([
      { kind: 'lastKey', store: 'log' },
      { kind: 'get', store: 'header', key: 'header' },
      { kind: 'count', store: 'log' },
      { kind: 'keys', store: 'log' },
      { kind: 'rows', store: 'log', from: 4 },
      { kind: 'get', store: 'log', key: 3 },
      { kind: 'get', store: 'log', key: 6 },
    ])
    const lastRows = [4, 5].map((key) => ({ key, value: row(key) }))
    equal(answers, [5, row(99), 5, [1, 2, 3, 4, 5], lastRows, row(3), undefined], 'answers')
  })

  test('pages through rows and keys by from, after and limit', async ({ open }) => {
    const backend = await open()
    await backend.apply(batch(numbers(1, 9).map((seq) => add('log', seq, row(seq)))))
    const [from, after, limited, beyond, none, keys] = await backend.read([
      { kind: 'rows', store: 'log', from: 7 },
      { kind: 'rows', store: 'log', after: 7 },
      { kind: 'rows', store: 'log', after: 2, limit: 3 },
      { kind: 'rows', store: 'log', after: 9, limit: 3 },
      { kind: 'rows', store: 'log', limit: 0 },
      { kind: 'keys', store: 'log', after: 4, limit: 2 },
    ])
    const seqs = (rows: readonly { readonly key: unknown }[]): unknown[] => rows.map(({ key }) => key)
    equal([seqs(from), seqs(after), seqs(limited)], [[7, 8, 9], [8, 9], [3, 4, 5]], 'ranges')
    equal([seqs(beyond), seqs(none), keys], [[], [], [5, 6]], 'edges')
    equal(limited[0]?.value, row(3), 'values belong to their keys')
  })

  test('orders numbers by value, strings by UTF-16 unit, bytes by content', async ({ open }) => {
    const backend = await open()
    const logKeys = [10, 2, 1, 2 ** 40, 9]
    const names = ['b', 'a', 'B', 'aa', '\u{1f600}', '\uffee']
    const labels = [label(1), label(0, 255), label(255), label(128), label(127, 1), new Uint8Array([1]), new Uint8Array([1, 0])]
    await backend.apply(
      batch([
        ...logKeys.map((key) => put('log', key, row(1))),
        ...names.map((key) => put('marks', key, row(2))),
        ...labels.map((key) => put('pages', key, row(3))),
      ]),
    )
    const [seqs, marks, pages] = await backend.read([
      { kind: 'keys', store: 'log' },
      { kind: 'keys', store: 'marks' },
      { kind: 'keys', store: 'pages' },
    ])
    equal(seqs, [1, 2, 9, 10, 2 ** 40], 'numbers')
    equal(marks, ['B', 'a', 'aa', 'b', '\u{1f600}', '\uffee'], 'strings')
    const sorted = [label(0, 255), new Uint8Array([1]), new Uint8Array([1, 0]), label(1), label(127, 1), label(128), label(255)]
    equal(pages, sorted, 'bytes')
    const [afterBytes] = await backend.read([{ kind: 'keys', store: 'pages', after: label(1) }])
    equal(afterBytes, sorted.slice(4), 'after a key of bytes')
  })

  test('finds a key of bytes that is a view of a larger buffer', async ({ open }) => {
    const backend = await open()
    const buffer = new Uint8Array(64).fill(9)
    buffer.set(label(5, 6), 20)
    await backend.apply(batch([put('pages', buffer.subarray(20, 36), row(1))]))
    equal(await get(backend, 'pages', label(5, 6)), row(1), 'row')
    const [keys] = await backend.read([{ kind: 'keys', store: 'pages' }])
    equal(keys, [label(5, 6)], 'keys')
  })

  test('hands out bytes that belong to the caller and fill their buffer', async ({ open }) => {
    const backend = await open()
    await backend.apply(batch([put('pages', label(1), row(1)), put('log', 1, row(1))]))
    const [first] = await backend.read([{ kind: 'rows', store: 'pages' }])
    const value = first[0]?.value
    ok(value instanceof Uint8Array && value.buffer.byteLength === value.length, 'the value fills its buffer')
    value?.fill(0)
    const key = first[0]?.key
    if (key instanceof Uint8Array) key.fill(0)
    const [again] = await backend.read([{ kind: 'rows', store: 'pages' }])
    equal(again, [{ key: label(1), value: row(1) }], 'the stored row')
  })

  test('answers all requests of a read from one state', async ({ open }) => {
    const backend = await open()
    const writer = await open('second')
    const write = (n: number) => writer.apply(batch([put('header', 'header', row(n)), put('log', 1, row(n)), put('pages', label(1), row(n))]))
    await write(0)
    let writing = true
    const writes = (async () => {
      for (let n = 1; n <= 30; n += 1) await write(n)
      writing = false
    })()
    while (writing) {
      const found = await backend.read([
        { kind: 'get', store: 'header', key: 'header' },
        { kind: 'get', store: 'log', key: 1 },
        { kind: 'rows', store: 'pages' },
      ])
      equal([found[1], found[2][0]?.value], [found[0], found[0]], 'rows of one state')
    }
    await writes
  })

  test('reads hundreds of rows a page at a time', async ({ open }) => {
    const backend = await open()
    const key = (i: number): Uint8Array<ArrayBuffer> => label(i >> 8, i & 255)
    await backend.apply(batch(numbers(0, 1199).map((i): Operation => put('pages', key(i), row(i, 300)))))
    let seen = 0
    for (let after: Uint8Array<ArrayBuffer> | undefined; ; ) {
      const [rows] = await backend.read([{ kind: 'rows', store: 'pages', limit: 500, ...(after === undefined ? {} : { after }) }])
      for (const found of rows) {
        equal(found, { key: key(seen), value: row(seen, 300) }, `row ${seen}`)
        seen += 1
      }
      const last = rows.at(-1)?.key
      if (rows.length < 500 || last === undefined) break
      after = last as Uint8Array<ArrayBuffer>
    }
    equal(seen, 1200, 'rows')
  })
}
