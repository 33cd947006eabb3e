// What a page tells a vault of being left, shown and woken.

import { afterEach, expect, test, vi } from 'vitest'
import { pageSignals } from '../../src/vault/core/auto-lock.js'

afterEach(() => vi.restoreAllMocks())

test('being woken is heard while the page is hidden, being shown only when it is not', () => {
  const signals = pageSignals()
  const heard: string[] = []
  const stops = [signals.onShown(() => heard.push('shown')), signals.onWoken(() => heard.push('woken')), signals.onHidden(() => heard.push('hidden')), signals.onLeaving(() => heard.push('leaving'))]
  const visibility = vi.spyOn(document, 'visibilityState', 'get')
  visibility.mockReturnValue('hidden')
  document.dispatchEvent(new Event('visibilitychange'))
  document.dispatchEvent(new Event('freeze'))
  document.dispatchEvent(new Event('resume'))
  visibility.mockReturnValue('visible')
  document.dispatchEvent(new Event('visibilitychange'))
  window.dispatchEvent(new Event('pagehide'))
  window.dispatchEvent(new Event('pageshow'))
  expect(heard).toEqual(['hidden', 'leaving', 'woken', 'shown', 'leaving', 'woken'])
  for (const stop of stops) stop()
  document.dispatchEvent(new Event('resume'))
  window.dispatchEvent(new Event('pageshow'))
  expect(heard).toHaveLength(6)
})
