// @ts-check
// Where the time of the page's main thread goes, by function.

/** Samples this far apart, in microseconds. */
const interval = 200
const shownFunctions = 22

export class CpuProfiler {
  #session

  /** @param {import('playwright').CDPSession} session */
  constructor(session) {
    this.#session = session
  }

  async start() {
    await this.#session.send('Profiler.enable')
    await this.#session.send('Profiler.setSamplingInterval', { interval })
    await this.#session.send('Profiler.start')
  }

  /** @returns {Promise<string>} the functions that took most, by their own time */
  async stop() {
    const { profile } = await this.#session.send('Profiler.stop')
    /** @type {Map<number, string>} */
    const names = new Map()
    for (const { id, callFrame } of profile.nodes) {
      names.set(id, `${callFrame.functionName || '(anonymous)'}${callFrame.url === '' ? '' : `:${callFrame.lineNumber + 1}`}`)
    }
    /** @type {Map<string, number>} */
    const own = new Map()
    profile.samples?.forEach((id, index) => {
      const name = names.get(id) ?? '?'
      own.set(name, (own.get(name) ?? 0) + (profile.timeDeltas?.[index] ?? 0))
    })
    const total = [...own.values()].reduce((sum, time) => sum + time, 0)
    const lines = [...own].sort((a, b) => b[1] - a[1]).slice(0, shownFunctions)
    return lines.map(([name, time]) => `  ${((100 * time) / total).toFixed(1).padStart(5)} %  ${(time / 1000).toFixed(1).padStart(8)} ms  ${name}`).join('\n')
  }
}
