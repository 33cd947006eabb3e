// @ts-check
// Where the time of the page's main thread goes: by function of the sources, and by file.

import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Samples this far apart, in microseconds. */
const interval = 200
const shownFunctions = 24
const shownFiles = 14
const root = fileURLToPath(new URL('../..', import.meta.url))

export class CpuProfiler {
  #session
  #bundle
  /** @type {Map<string, SourceMap | undefined>} */
  #maps = new Map()

  /**
   * @param {import('playwright').CDPSession} session
   * @param {string} bundle the folder with the page's scripts and their maps
   */
  constructor(session, bundle) {
    this.#session = session
    this.#bundle = bundle
  }

  async start() {
    await this.#session.send('Profiler.enable')
    await this.#session.send('Profiler.setSamplingInterval', { interval })
    await this.#session.send('Profiler.start')
  }

  /** @returns {Promise<string>} the functions and files that took most, by their own time */
  async stop() {
    const { profile } = await this.#session.send('Profiler.stop')
    /** @type {Map<number, { name: string, file: string }>} */
    const places = new Map()
    for (const { id, callFrame } of profile.nodes) places.set(id, this.#placeOf(callFrame))
    /** @type {Map<string, number>} */
    const byFunction = new Map()
    /** @type {Map<string, number>} */
    const byFile = new Map()
    let total = 0
    profile.samples?.forEach((id, index) => {
      const time = profile.timeDeltas?.[index] ?? 0
      const { name = '?', file = '?' } = places.get(id) ?? {}
      byFunction.set(name, (byFunction.get(name) ?? 0) + time)
      byFile.set(file, (byFile.get(file) ?? 0) + time)
      total += time
    })
    /** @param {Map<string, number>} times @param {number} shown */
    const lines = (times, shown) =>
      [...times]
        .sort((a, b) => b[1] - a[1])
        .slice(0, shown)
        .map(([name, time]) => `  ${((100 * time) / total).toFixed(1).padStart(5)} %  ${(time / 1000).toFixed(1).padStart(8)} ms  ${name}`)
        .join('\n')
    return `${lines(byFunction, shownFunctions)}\n  by file\n${lines(byFile, shownFiles)}`
  }

  /** @param {{ functionName: string, url: string, lineNumber: number, columnNumber: number }} frame counted from 0 */
  #placeOf({ functionName, url, lineNumber, columnNumber }) {
    const name = functionName === '' ? '(anonymous)' : functionName
    if (url === '') return { name, file: '(the engine)' }
    const entry = this.#mapOf(url)?.findEntry(lineNumber, columnNumber)
    if (entry === undefined || !('originalSource' in entry)) return { name: `${name} ${url}:${lineNumber + 1}`, file: url }
    // The map names sources as seen from the script.
    const source = resolve(this.#bundle, `.${new URL(url).pathname}`, '..', entry.originalSource)
    const file = relative(root, source).replace(/^.*node_modules\//, '')
    return { name: `${name} ${file}:${entry.originalLine + 1}`, file }
  }

  /** @param {string} url */
  #mapOf(url) {
    if (!this.#maps.has(url)) {
      const path = join(this.#bundle, `${new URL(url).pathname}.map`)
      this.#maps.set(url, existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : undefined)
    }
    return this.#maps.get(url)
  }
}
