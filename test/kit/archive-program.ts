// The stand-alone reader as a program of its own, called as its head says.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ToolRecord } from './archive-json.ts'

const TOOL = fileURLToPath(new URL('../../tools/open-archive.mjs', import.meta.url))

/** `node tools/open-archive.mjs <archive> --recovery-code < secret > records.ndjson` */
export async function readByProgram(path: string, secret: string): Promise<{ readonly records: ToolRecord[]; readonly exitCode: number; readonly told: string }> {
  const child = spawn(process.execPath, [TOOL, path, '--recovery-code'], { stdio: ['pipe', 'pipe', 'pipe'] })
  const exited = once(child, 'exit') as Promise<[number]>
  let told = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text))
  child.stdin.end(`${secret}\n`)
  const records: ToolRecord[] = []
  for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) records.push(JSON.parse(line) as ToolRecord)
  const [exitCode] = await exited
  return { records, exitCode, told }
}
