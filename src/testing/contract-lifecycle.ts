// The contract of opening, closing, listing and destroying.

import type { BackendEvent } from '../stores/backend.js'
import { equal, ok, rejection } from './check.js'
import type { Case } from './contract-bench.js'
import { add, batch, get, put, row } from './contract-rows.js'

/** @internal */
export function describeLifecycle(test: Case): void {
  test('keeps rows when closed and opened again', async ({ open, factory }) => {
    const backend = await open()
    equal(backend.kind, factory.kind, 'kind')
    await backend.apply({ expect: [], operations: [add('log', 1, row(1))], durability: 'strict' })
    await backend.close()
    equal(await get(await open(), 'log', 1), row(1), 'row')
  })

  test('keeps vaults of different names apart', async ({ open, factory, name }) => {
    const backend = await open()
    const other = await factory.open(`${name}/other`)
    try {
      await backend.apply(batch([add('log', 1, row(1))]))
      equal(await get(other, 'log', 1), undefined, 'row of the other vault')
    } finally {
      await other.close()
      await factory.destroy(`${name}/other`)
    }
  })

  test('lists a vault while it exists', async ({ open, factory, name }) => {
    ok(!(await factory.list()).includes(name), 'not before it was opened')
    await (await open()).close()
    ok((await factory.list()).includes(name), 'after it was opened')
    await factory.destroy(name)
    ok(!(await factory.list()).includes(name), 'not after it was destroyed')
  })

  test('destroys what is not there', async ({ factory, name }) => {
    await factory.destroy(`${name}/never`)
  })

  test('opens empty after it was destroyed', async ({ open, factory, name }) => {
    const backend = await open()
    await backend.apply(batch([add('log', 1, row(1)), put('header', 'header', row(2))]))
    await backend.close()
    await factory.destroy(name)
    const again = await open()
    const counts = await again.read([
      { kind: 'count', store: 'log' },
      { kind: 'count', store: 'header' },
    ])
    equal(counts, [0, 0], 'rows')
  })

  test('finishes what is in flight before it closes', async ({ open }) => {
    const backend = await open()
    const writes = [1, 2, 3].map((seq) => backend.apply(batch([add('log', seq, row(seq))])))
    const reading = backend.read([{ kind: 'count', store: 'log' }])
    await backend.close()
    equal(await Promise.all(writes), [{ applied: true }, { applied: true }, { applied: true }], 'writes')
    equal((await reading)[0], 3, 'read')
    equal((await (await open()).read([{ kind: 'count', store: 'log' }]))[0], 3, 'rows')
  })

  test('rejects every call after close', async ({ open }) => {
    const backend = await open()
    await backend.close()
    await backend.close()
    for (const call of [backend.read([{ kind: 'count', store: 'log' }]), backend.apply(batch([add('log', 1, row(1))]))]) {
      const error = await rejection(call, 'a call after close')
      equal([error.name, error.code], ['VaultError', 'storage-unavailable'], 'error')
    }
  })

  test('shows one tab at once what another has applied', async ({ open }) => {
    const one = await open()
    const other = await open('second')
    await one.apply(batch([add('log', 1, row(1))]))
    equal(await get(other, 'log', 1), row(1), 'row')
    await other.apply(batch([put('log', 1, row(2))]))
    equal(await get(one, 'log', 1), row(2), 'row, the other way')
  })

  test('lets another tab destroy an open vault, and does not make it again', async ({ open, second, name, factory }) => {
    const backend = await open()
    await backend.apply(batch([add('log', 1, row(1))]))
    const events: BackendEvent[] = []
    const unsubscribe = backend.subscribe((event) => events.push(event))
    await second.destroy(name)
    equal(events, ['superseded'], 'events')
    const error = await rejection(backend.apply(batch([put('log', 1, row(2))])), 'a write to a destroyed vault')
    equal(error.code, 'storage-lost', 'code of the write')
    equal((await rejection(backend.read([{ kind: 'count', store: 'log' }]), 'a read')).code, 'storage-lost', 'code of the read')
    ok(!(await factory.list()).includes(name), 'the vault stays destroyed')
    unsubscribe()
  })

  test('tells a listener nothing after it unsubscribed', async ({ open, second, name }) => {
    const backend = await open()
    const events: BackendEvent[] = []
    backend.subscribe((event) => events.push(event))()
    await second.destroy(name)
    equal(events, [], 'events')
  })

  test('opens one vault many times at once', async ({ open }) => {
    const tabs = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? open() : open('second'))))
    await Promise.all(tabs.map((tab, i) => tab.apply(batch([add('log', i + 1, row(i))]))))
    equal((await tabs[0]?.read([{ kind: 'count', store: 'log' }]))?.[0], 20, 'rows')
  })
}
