// Docs are code: the TypeScript blocks of the documents run, the commands they name exist, the files they link to are there.

import 'fake-indexeddb/auto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it, vi } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const documents = ['README.md', 'SECURITY.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...readdirSync(`${root}docs`).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]
const scratch = mkdtempSync(`${root}test/.docs-`)
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

function blocks(document: string, language: string): string[] {
  const text = readFileSync(`${root}${document}`, 'utf8')
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].filter(([, name]) => name === language).map(([, , code]) => code!)
}

describe('documents', () => {
  for (const document of documents) {
    for (const [index, code] of blocks(document, 'ts').entries()) {
      it(`${document}: TypeScript block ${index + 1} runs`, { timeout: 30_000 }, async () => {
        const file = `${scratch}/${document.replaceAll('/', '-')}-${index}.ts`
        writeFileSync(file, `${code}\nexport {}\n`)
        const said: string[] = []
        const log = vi.spyOn(console, 'log').mockImplementation((...parts: unknown[]) => void said.push(parts.map(String).join(' ')))
        try {
          await import(/* @vite-ignore */ file)
        } finally {
          log.mockRestore()
        }
        if (document === 'README.md') expect(said).toEqual(['ada Book the night train', 'Book the night train'])
      })
    }

    it(`${document}: names only commands and files that exist`, () => {
      const text = readFileSync(`${root}${document}`, 'utf8')
      const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> }
      for (const [, name] of text.matchAll(/npm run ([\w-]+)/g)) expect(Object.keys(scripts), document).toContain(name)
      for (const [, name] of text.matchAll(/npm (start|test)\b/g)) expect(Object.keys(scripts), document).toContain(name)
      for (const [, path] of text.matchAll(/node ((?:scripts|tools)\/[\w./-]+)/g)) expect(existsSync(`${root}${path}`), path).toBe(true)
      for (const [, path] of text.matchAll(/\]\((?!http)([^)#]+)\)/g)) expect(existsSync(join(root, dirname(document), path!)), path).toBe(true)
      for (const [, path] of text.matchAll(/`((?:src|test|docs|scripts|tools)\/[\w./-]+\.\w+)`/g)) expect(existsSync(`${root}${path}`), path).toBe(true)
    })
  }

  it('errors.md has every code, and no other', () => {
    const codes = [...readFileSync(`${root}src/errors.ts`, 'utf8').matchAll(/^ {2}\| '([\w-]+)'$/gm)].map(([, code]) => code!)
    const table = readFileSync(`${root}docs/errors.md`, 'utf8')
    const named = [...table.matchAll(/^\| ((?:`[\w-]+`(?:, )?)+) \|/gm)].flatMap(([, cell]) => [...cell!.matchAll(/`([\w-]+)`/g)].map(([, code]) => code!))
    expect(codes.length).toBeGreaterThan(15)
    expect(named.sort()).toEqual(codes.sort())
  })
})
