// What browser tests ask of Node: to open an archive that the page made, with the stand-alone reader, as anybody would.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { BrowserCommand } from 'vitest/node'

const tool = fileURLToPath(new URL('../../tools/open-archive.mjs', import.meta.url))

/** The lines that the tool writes for an archive (base64) and its recovery code. @throws what the tool says when it refuses */
export const openWithTool: BrowserCommand<[archive: string, recoveryCode: string]> = async (_context, archive, recoveryCode) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-vault-archive-'))
  const file = join(folder, 'archive')
  writeFileSync(file, Buffer.from(archive, 'base64'))
  try {
    const child = spawn(process.execPath, [tool, file, '--recovery-code'], { stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.end(`${recoveryCode}\n`)
    const [lines, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
    if (complaint !== '') throw new Error(complaint)
    return lines
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

declare module 'vitest/browser' {
  interface BrowserCommands {
    openWithTool(archive: string, recoveryCode: string): Promise<string>
  }
}
