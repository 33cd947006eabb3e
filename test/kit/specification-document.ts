// Reads the tables of docs/specification.md.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface DocumentRow {
  readonly id: string
  /** The line of the specification, by its name. */
  readonly name: string
  /** What is missing, of a row that is not done. */
  readonly planned?: string
  /** Exports of the package, each with a member or without: `Sessions.list`, `openVault`. */
  readonly calls: readonly string[]
  /** The file with the test of the row. */
  readonly shownBy: string | undefined
}

const namesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)

export function documentRows(): DocumentRow[] {
  const text = readFileSync(fileURLToPath(new URL('../../docs/specification.md', import.meta.url)), 'utf8')
  return [...text.matchAll(/^\| ([SD]-[\d.]+) \| (.*) \|$/gm)].map(([, id, cells]) => {
    const [name, calls, , shownBy, ...more] = cells!.split(' | ')
    if (name === undefined || calls === undefined || more.length > 0) throw new Error(`${id} has not five cells`)
    const planned = /^planned: (.+)/.exec(calls)?.[1]
    return { id: id!, name, calls: planned === undefined ? namesIn(calls) : [], shownBy: namesIn(shownBy ?? '')[0], ...(planned !== undefined && { planned }) }
  })
}
