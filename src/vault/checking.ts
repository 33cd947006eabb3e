// The check of an opened vault: rows first, then what the search index says of them.

import { runJob } from './core/jobs.js'
import { fetchPart } from './fetch-part.js'
import type { CheckOptions, CheckReport } from './health/check.js'
import type { OpenedVault } from './opened-vault.js'

/** @param isRotating whether rows are moved all the time, in whatever tab: then it takes turns with that */
export async function checkOpened(vault: OpenedVault, isRotating: boolean, options: CheckOptions): Promise<CheckReport> {
  const { checkVault } = await fetchPart(() => import('./health/check.js'))
  vault.log.assertAlive()
  await vault.quiet(options.signal)
  const check = async (): Promise<CheckReport> => {
    const report = await checkVault(vault.log, options)
    // Over damaged rows there is nothing to compare.
    const wrong = report.ok ? await (await vault.search.part()).differences(options.signal) : undefined
    return wrong === undefined || wrong === 0 ? report : { ...report, ok: false, problems: [...report.problems, { code: 'index', where: 'blocks', number: wrong }] }
  }
  return isRotating ? (await runJob(vault.jobs, true, check, options.signal))! : check()
}
