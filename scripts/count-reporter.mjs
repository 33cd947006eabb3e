// @ts-check
// A Vitest reporter that leaves the counts of a run, and what failed in it, in the file SEALED_VAULT_COUNTS names.
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
    const failures = unhandledErrors.map((error) => `outside of a test: ${firstLine(error)}`)
    for (const module of modules) {
      const [error] = module.errors()
      if (error !== undefined) {
        counts.failed++
        failures.push(`${module.relativeModuleId}: ${firstLine(error)}`)
      }
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result()
        const counted = state === 'pending' ? 'failed' : state
        counts[counted]++
        if (counted === 'failed') failures.push(`${module.relativeModuleId} > ${test.fullName}: ${firstLine(errors?.[0] ?? 'it never ran')}`)
      }
    }
    const file = process.env['SEALED_VAULT_COUNTS']
    if (file) writeFileSync(file, JSON.stringify({ ...counts, failures }))
  }
}

/** @param {unknown} error */
const firstLine = (error) => String((typeof error === 'object' && error !== null && 'message' in error && error.message) || error).split('\n')[0]
