// The contract of `apply`.

import type { SealedBytes } from '../brand.js'
import type { Batch, Expectation, Operation } from '../stores/backend.js'
import { equal, ok } from './check.js'
import type { Case } from './contract-bench.js'
import { add, batch, get, label, put, row, tagOf } from './contract-rows.js'

/** @internal */
export function describeWrites(test: Case): void {
  test('applies a batch without operations', async ({ open }) => {
    const backend = await open()
    equal(await backend.apply(batch([])), { applied: true }, 'empty batch')
    equal(await backend.apply(batch([], [{ kind: 'absent', store: 'log', key: 1 }])), { applied: true }, 'a met expectation alone')
    equal(await backend.apply(batch([], [{ kind: 'present', store: 'log', key: 1 }])), { applied: false, missed: 0 }, 'a missed expectation alone')
  })

  test('applies every kind of operation, in order', async ({ open }) => {
    const backend = await open()
    await backend.apply(batch([1, 2, 3, 4, 5].map((seq) => add('log', seq, row(seq)))))
    await backend.apply(batch([put('pages', label(1), row(1)), put('pages', label(2), row(2)), put('heads', label(1), row(1))]))
    const result = await backend.apply({
      expect: [],
      durability: 'strict',
      operations: [
        { kind: 'deleteBelow', store: 'log', key: 4 },
        put('log', 4, row(44)),
        { kind: 'delete', store: 'pages', key: label(1) },
        { kind: 'delete', store: 'pages', key: label(77) },
        { kind: 'clear', store: 'heads' },
        put('heads', label(9), row(9)),
        { kind: 'delete', store: 'log', key: 5 },
        add('log', 5, row(55)),
      ],
    })
    equal(result, { applied: true }, 'result')
    const [log, pages, heads] = await backend.read([
      { kind: 'rows', store: 'log' },
      { kind: 'keys', store: 'pages' },
      { kind: 'rows', store: 'heads' },
    ])
    const rows = [
      { key: 4, value: row(44) },
      { key: 5, value: row(55) },
    ]
    equal(log, rows, 'log')
    equal(pages, [label(2)], 'pages')
    equal(heads, [{ key: label(9), value: row(9) }], 'heads')
  })

  test('deletes below a key and keeps the key itself', async ({ open }) => {
    const backend = await open()
    await backend.apply(batch([1, 2, 3, 10].map((seq) => add('log', seq, row(seq)))))
    await backend.apply(batch([{ kind: 'deleteBelow', store: 'log', key: 3 }]))
    equal((await backend.read([{ kind: 'keys', store: 'log' }]))[0], [3, 10], 'keys')
    await backend.apply(batch([{ kind: 'deleteBelow', store: 'log', key: 1 }]))
    equal((await backend.read([{ kind: 'count', store: 'log' }]))[0], 2, 'nothing below')
  })

  const cases: [string, Expectation, boolean][] = [
    ['absent, and it is', { kind: 'absent', store: 'log', key: 3 }, true],
    ['absent, but it is there', { kind: 'absent', store: 'log', key: 2 }, false],
    ['present, and it is', { kind: 'present', store: 'log', key: 2 }, true],
    ['present, but it is not', { kind: 'present', store: 'log', key: 3 }, false],
    ['present by a key of bytes', { kind: 'present', store: 'pages', key: label(1) }, true],
    ['present by another key of bytes', { kind: 'present', store: 'pages', key: label(2) }, false],
    ['tag, and it is the one', { kind: 'tag', store: 'log', key: 2, tag: tagOf(row(2)) }, true],
    ['tag, but it is another', { kind: 'tag', store: 'log', key: 2, tag: tagOf(row(1)) }, false],
    ['tag of a row that is not there', { kind: 'tag', store: 'log', key: 3, tag: tagOf(row(2)) }, false],
    ['tag of a row shorter than a tag', { kind: 'tag', store: 'jobs', key: 'short', tag: tagOf(row(7, 16)) }, false],
    ['prefix, and it begins so', { kind: 'prefix', store: 'manifest', key: 'manifest', bytes: row(9).slice(0, 16) }, true],
    ['prefix, but one byte differs', { kind: 'prefix', store: 'manifest', key: 'manifest', bytes: Uint8Array.of(...row(9).slice(0, 15), 1) }, false],
    ['prefix longer than the row', { kind: 'prefix', store: 'jobs', key: 'short', bytes: row(7, 16).slice(0, 9) }, false],
    ['prefix of a row that is not there', { kind: 'prefix', store: 'manifest', key: 'none', bytes: row(9).slice(0, 4) }, false],
    ['last, and it is', { kind: 'last', store: 'log', key: 2 }, true],
    ['last, but there is a later one', { kind: 'last', store: 'log', key: 1 }, false],
    ['last, but it is earlier', { kind: 'last', store: 'log', key: 3 }, false],
    ['last by a key of bytes', { kind: 'last', store: 'pages', key: label(1) }, true],
    ['last of an empty store', { kind: 'last', store: 'heads', key: undefined }, true],
    ['last of an empty store, but there is one', { kind: 'last', store: 'log', key: undefined }, false],
    ['last, but the store is empty', { kind: 'last', store: 'heads', key: label(1) }, false],
  ]
  for (const [title, expectation, met] of cases) {
    test(`expects ${title}: ${met ? 'applies' : 'writes nothing'}`, async ({ open }) => {
      const backend = await open()
      const rows = [add('log', 1, row(1)), add('log', 2, row(2)), add('pages', label(1), row(5)), add('manifest', 'manifest', row(9))]
      await backend.apply(batch([...rows, add('jobs', 'short', row(7, 8))]))
      const result = await backend.apply(batch([put('marks', 'a', row(1)), put('log', 2, row(42)), { kind: 'clear', store: 'pages' }], [expectation]))
      equal(result, met ? { applied: true } : { applied: false, missed: 0 }, 'result')
      const [mark, second, pages] = await backend.read([
        { kind: 'get', store: 'marks', key: 'a' },
        { kind: 'get', store: 'log', key: 2 },
        { kind: 'count', store: 'pages' },
      ])
      equal([mark, second, pages], met ? [row(1), row(42), 0] : [undefined, row(2), 1], 'state afterwards')
    })
  }

  test('names the first expectation that missed', async ({ open }) => {
    const backend = await open()
    await backend.apply(batch([add('log', 1, row(1))]))
    const expect: Expectation[] = [
      { kind: 'present', store: 'log', key: 1 },
      { kind: 'absent', store: 'pages', key: label(1) },
      { kind: 'last', store: 'log', key: 7 },
      { kind: 'present', store: 'heads', key: label(1) },
    ]
    equal(await backend.apply(batch([add('log', 2, row(2))], expect)), { applied: false, missed: 2 }, 'result')
    equal(await backend.apply(batch([add('log', 1, row(2))], expect)), { applied: false, missed: 2 }, 'an expectation goes before a taken key')
  })

  test('writes nothing when an add meets an existing key, wherever it stands', async ({ open }) => {
    const backend = await open()
    await backend.apply(batch([add('log', 5, row(5)), put('pages', label(1), row(1))]))
    const around: Operation[] = [put('pages', label(1), row(9)), put('pages', label(2), row(2))]
    const batches: Batch[] = [
      batch([add('log', 5, row(6))]),
      batch([...around, add('log', 5, row(6))]),
      batch([add('log', 5, row(6)), ...around]),
      batch([add('log', 6, row(6)), add('log', 6, row(7)), ...around]),
      batch([...around, add('log', 5, row(6)), { kind: 'clear', store: 'log' }], [{ kind: 'present', store: 'log', key: 5 }]),
    ]
    for (const [i, one] of batches.entries()) {
      equal(await backend.apply(one), { applied: false, missed: -1 }, `batch ${i}`)
      const state = await backend.read([
        { kind: 'rows', store: 'log' },
        { kind: 'rows', store: 'pages' },
      ])
      equal(state, [[{ key: 5, value: row(5) }], [{ key: label(1), value: row(1) }]], `state after batch ${i}`)
    }
    equal(await backend.apply(batch([add('log', 6, row(6))])), { applied: true }, 'the next batch')
  })

  test('appends by the tag of the row before, one after the other', async ({ open }) => {
    const tabs = [await open(), await open('second')]
    await tabs[0]?.apply(batch([add('log', 1, row(1))]))
    const attempts = tabs.flatMap((tab, t) =>
      [0, 1, 2, 3].map((i) => tab.apply(batch([add('log', 2, row(10 + t * 4 + i))], [{ kind: 'tag', store: 'log', key: 1, tag: tagOf(row(1)) }]))),
    )
    const results = await Promise.all(attempts)
    equal(results.filter(({ applied }) => applied).length, 1, 'winners')
    const winner = results.findIndex(({ applied }) => applied)
    ok(results.every((result) => result.applied || result.missed === -1), 'losers met the taken key')
    for (const tab of tabs) equal(await get(tab, 'log', 2), row(10 + winner), 'the row of the winner')
  })

  test('applies overlapping calls of one backend in the order of the calls', async ({ open }) => {
    const backend = await open()
    const calls = Array.from({ length: 40 }, (_, i) => backend.apply(batch([put('header', 'header', row(i)), put('marks', `m${i}`, row(i))])))
    const between = backend.read([{ kind: 'get', store: 'header', key: 'header' }])
    await Promise.all(calls)
    equal((await between)[0], row(39), 'a read that was asked for after them')
    equal((await backend.read([{ kind: 'count', store: 'marks' }]))[0], 40, 'all of them')
  })

  test('copies what it is given before it returns', async ({ open }) => {
    const backend = await open()
    const value = row(1)
    const key = label(1)
    const done = backend.apply(batch([put('pages', key, value), put('pages', label(2), value)], [{ kind: 'absent', store: 'pages', key: label(3) }]))
    value.fill(0)
    key.fill(0)
    await done
    const [rows] = await backend.read([{ kind: 'rows', store: 'pages' }])
    equal(rows, [{ key: label(1), value: row(1) }, { key: label(2), value: row(1) }], 'rows')
  })

  test('stores a view as exactly its bytes', async ({ open }) => {
    const backend = await open()
    const view = row(3, 4096).subarray(1000, 1064) as SealedBytes
    await backend.apply(batch([put('pages', label(1), view)]))
    const found = await get(backend, 'pages', label(1))
    equal(found, view.slice(), 'bytes')
    equal(found?.buffer.byteLength, 64, 'buffer')
  })

  test('takes values of 5 MB and of no bytes', async ({ open }) => {
    const backend = await open()
    const big = row(3, 5 * 1024 * 1024)
    await backend.apply(batch([put('blobs', label(1), big), put('blobs', label(2), row(0, 0))]))
    equal(await get(backend, 'blobs', label(1)), big, 'the large value')
    equal(await get(backend, 'blobs', label(2)), row(0, 0), 'the empty value')
  })

  test('takes 3,000 rows in one batch', async ({ open }) => {
    const backend = await open()
    const key = (i: number): Uint8Array<ArrayBuffer> => label(i >> 8, i & 255)
    const operations = Array.from({ length: 3000 }, (_, i) => (i % 2 === 0 ? put : add)('pages', key(i), row(i, 512)))
    const result = await backend.apply({ expect: [{ kind: 'last', store: 'pages', key: undefined }], operations, durability: 'strict' })
    equal(result, { applied: true }, 'result')
    const [count, some] = await backend.read([
      { kind: 'count', store: 'pages' },
      { kind: 'get', store: 'pages', key: key(2999) },
    ])
    equal([count, some], [3000, row(2999, 512)], 'rows')
    const deletes = Array.from({ length: 3000 }, (_, i): Operation => ({ kind: 'delete', store: 'pages', key: key(i) }))
    await backend.apply(batch(deletes))
    equal((await backend.read([{ kind: 'count', store: 'pages' }]))[0], 0, 'rows after deleting them')
  })
}
