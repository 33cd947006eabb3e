// A vault whose calls are counted does what it did before, and what is told of it holds no content.

import { expect, it } from 'vitest'
import { CallMeter } from '../../src/system/index.js'
import { testBrowser } from '../kit/tabs.js'
import { message, outcomeOf } from '../kit/vault-states.js'

/** A clock that moves when it is looked at, so that every look is a millisecond. */
function ticking() {
  let now = 0
  return () => now++
}

it('counts calls by their names, with their times and errors, and changes nothing', async () => {
  const meter = new CallMeter(ticking())
  const open = meter.measure(await testBrowser().tab())
  const { chatLogId } = await open.sessions.create({ id: 'a' })
  await open.chatLogs.append(chatLogId, [message('needle one'), message('needle two')])
  expect(await outcomeOf(open.sessions.create({ id: 'a' }))).toBe('conflict')
  expect(await outcomeOf(open.chatLogs.read('secret log'))).toBe('not-found')
  const found: string[] = []
  for await (const hit of open.search('needle')) found.push(hit.message.content)
  expect(found).toEqual(['needle two', 'needle one'])
  for await (const _ of open.search('needle')) break
  await expect(open.transact(async () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  const { calls, errorRate } = meter.metrics()
  const counted = new Map(calls.map((call) => [call.name, call]))
  expect(counted.get('sessions.create')).toMatchObject({ calls: 2, running: 0, errors: { conflict: 1 } })
  expect(counted.get('search')).toMatchObject({ calls: 2, errors: {}, running: 0 })
  // Three results were asked for in the first one, one in the second: a millisecond each.
  expect(counted.get('search')).toMatchObject({ totalMs: 4, slowestMs: 3, medianMs: 1, p95Ms: 3 })
  expect(counted.get('transact')!.errors).toEqual({ other: 1 })
  expect(errorRate).toBe(3 / 7)
  expect(JSON.stringify(meter.metrics())).not.toMatch(/needle|secret/)
  meter.reset()
  expect(meter.metrics()).toMatchObject({ calls: [], errorRate: 0 })
})

it('is the same vault: parts, states and what is no question', async () => {
  const meter = new CallMeter()
  const plain = await testBrowser().tab()
  const open = meter.measure(plain)
  expect([open.name, open.state, open.sessions === open.sessions, open instanceof plain.constructor]).toEqual(['test', 'unlocked', true, true])
  const heard: string[] = []
  const stop = open.subscribe(({ kind }) => heard.push(kind))
  await open.preferences.set('theme', 'dark')
  stop()
  expect([heard, open.version, meter.metrics().calls.map(({ name }) => name)]).toEqual([['changed'], plain.version, ['preferences.set']])
  const aborted = open.load([{ session: {}, messages: [] }], { signal: AbortSignal.abort() })
  await expect(aborted).rejects.toThrow()
  expect(meter.metrics()).toMatchObject({ errorRate: 0, calls: expect.arrayContaining([expect.objectContaining({ name: 'load', errors: { aborted: 1 } })]) })
})
