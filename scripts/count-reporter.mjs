// @ts-check
// A Vitest reporter that leaves the counts of a run in the file SEALED_VAULT_COUNTS names.
// A test that never ran (a file that did not load, a page that did not answer) counts as failed, not as nothing.

import { writeFileSync } from 'node:fs'

/** @typedef {import('vitest/node').Reporter} Reporter */

/** @implements {Reporter} */
export default class CountReporter {
  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} modules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed++
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        counts[state === 'pending' ? 'failed' : state]++
      }
    }
    const file = process.env['SEALED_VAULT_COUNTS']
    if (file) writeFileSync(file, JSON.stringify(counts))
  }
}
