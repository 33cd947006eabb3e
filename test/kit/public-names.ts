// What the package exports, read from its sources: names that are types leave nothing behind at run time, so that nothing else tells of them and of their members.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ESTree, parseSync } from 'vite'

export interface PublicName {
  readonly name: string
  readonly isType: boolean
  /** Where it is declared. */
  readonly file: string
}

const src = fileURLToPath(new URL('../../src/', import.meta.url))
const programs = new Map<string, ESTree.Program>()

function parsed(file: string): ESTree.Program {
  let program = programs.get(file)
  if (program === undefined) programs.set(file, (program = parseSync(file, readFileSync(file, 'utf8')).program))
  return program
}

const sourceOf = (from: string, specifier: string): string => join(dirname(from), specifier).replace(/\.js$/, '.ts')

/** Everything that `sealed-vault` and `sealed-vault/system` export. */
export function publicNames(): ReadonlyMap<string, PublicName> {
  const names = new Map<string, PublicName>()
  for (const entry of ['index.ts', 'system/index.ts'].map((path) => src + path)) {
    for (const statement of parsed(entry).body) {
      if (statement.type !== 'ExportNamedDeclaration' || statement.source === null) continue
      for (const { exported, exportKind } of statement.specifiers) {
        if (exported.type !== 'Identifier') continue
        const isType = statement.exportKind === 'type' || exportKind === 'type'
        names.set(exported.name, { name: exported.name, isType, file: sourceOf(entry, statement.source.value) })
      }
    }
  }
  return names
}

/** Public members of a class or an interface, also those it has from others; none for a function. */
export function membersOf({ name, file }: Pick<PublicName, 'name' | 'file'>): ReadonlySet<string> {
  const members = new Set<string>()
  for (const statement of parsed(file).body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declaration?.type === 'ImportDeclaration') {
      // Declared elsewhere.
      if (declaration.specifiers.some(({ local }) => local.name === name) && declaration.source.value.startsWith('.')) return membersOf({ name, file: sourceOf(file, declaration.source.value) })
      continue
    }
    if ((declaration?.type !== 'ClassDeclaration' && declaration?.type !== 'TSInterfaceDeclaration') || declaration.id?.name !== name) continue
    for (const member of declaration.body.body) if ('key' in member && member.key.type === 'Identifier') members.add(member.key.name)
    const above = 'superClass' in declaration ? [declaration.superClass] : declaration.extends.map(({ expression }) => expression)
    for (const parent of above) if (parent?.type === 'Identifier') for (const member of membersOf({ name: parent.name, file })) members.add(member)
  }
  return members
}
