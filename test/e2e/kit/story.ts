// A story: steps in one browser, one after the other, each a test.

import { test } from 'vitest'

/** @param found whether there is a browser for it. @returns what adds a step; what comes after a step that failed would only fail for its sake */
export function storyOf(found: boolean): (name: string, step: () => Promise<void> | void) => void {
  let broken = false
  return (name, step) => {
    test.skipIf(!found)(name, async ({ skip }) => {
      if (broken) skip('an earlier step failed')
      broken = true
      await step()
      broken = false
    })
  }
}
