// Who may import whom, as a function over source texts, so that it can be tried on planted mistakes too.
// The table is the one of ARCHITECTURE.md; a new folder or a new dependency is a decision and belongs in here first.

import { posix } from 'node:path'
import { type ESTree, parseSync, Visitor } from 'vite'

export interface SourceFile {
  /** Path below src, with forward slashes. */
  readonly path: string
  readonly text: string
}

interface Import {
  readonly specifier: string
  /** Nothing is left of it at run time. */
  readonly typeOnly: boolean
  /** The names it takes; `*` where it takes the module as one object. */
  readonly names: readonly string[]
}

interface Target {
  /** A file below src, or the name of a package's entry. */
  readonly name: string
  readonly isFile: boolean
  readonly typeOnly: boolean
}

const maxLines = 400
const leaves = ['errors.ts', 'brand.ts']
const entries = ['index.ts', 'system/index.ts', 'testing/index.ts']

/** Files of stores/ that only say what a store promises; who knows a promise does not know the thing that keeps it. */
const contract = 'stores/backend.ts'
const typeContracts = ['stores/second-home.ts', 'stores/tab-channel.ts', 'stores/locks.ts', 'stores/lock-mark.ts', 'stores/attempts.ts']
/** Files of stores/ that work over promises alone: they name no place where rows live. */
const overContracts = ['stores/canary.ts', 'stores/marks.ts']

const isLeaf = ({ name }: Target) => leaves.includes(name)
const isBelow =
  (...folders: string[]) =>
  ({ name, isFile }: Target) =>
    isFile && folders.some((folder) => name.startsWith(`${folder}/`))
const isPackage =
  (...names: string[]) =>
  ({ name, isFile }: Target) =>
    !isFile && names.some((allowed) => name === allowed || (allowed.endsWith('/') && name.startsWith(allowed)))
const isStoreContract = ({ name, typeOnly }: Target) => name === contract || (typeOnly && typeContracts.includes(name))

/** The only file of vault/ where plaintext and sealed bytes both exist. */
const codec = 'vault/core/codec.ts'

/** The cipher itself, or the envelope's functions that seal and open; reading an envelope's epoch is no sealing. */
const takesSealing = (name: string, names: readonly string[]) =>
  name === 'crypto/aead.ts' ||
  (name === 'crypto/envelope.ts' && names.some((taken) => taken === '*' || /^(seal|open)/.test(taken)))

/** The features that may know another one. */
const knownFeatures: Record<string, string[]> = { archive: ['merge'] }

type Rule = (target: Target) => boolean
const anyOf =
  (...rules: Rule[]): Rule =>
  (target) =>
    rules.some((rule) => rule(target))

/** What a file may import, or undefined where the file has no place in the house. */
function ruleFor(path: string): Rule | undefined {
  if (leaves.includes(path)) return () => false
  if (path === 'index.ts') {
    const isOwnType: Rule = (target) => isBelow('stores')(target) && target.typeOnly
    return anyOf(isLeaf, isBelow('crypto', 'vault'), isStoreContract, isOwnType)
  }
  const [folder, inner = '', ...rest] = path.split('/')
  switch (folder) {
    case 'crypto':
      return anyOf(isLeaf, isBelow('crypto'), isPackage('@noble/'), (target) => path === 'crypto/argon2id-wasm.ts' && isPackage('hash-wasm')(target))
    case 'stores': {
      const isIdb: Rule = (target) =>
        isPackage('idb')(target) &&
        (path === 'stores/indexeddb.ts' || (path === 'stores/connection.ts' && target.typeOnly))
      return anyOf(isLeaf, isBelow('stores'), isIdb)
    }
    case 'testing':
      return anyOf(({ isFile }) => isFile, isPackage('@noble/', 'fflate', 'zod/mini'))
    case 'system':
      return anyOf(isBelow('system'), ({ name }) => name === 'index.ts')
    case 'vault':
      return rest.length === 0 ? ruleForVaultFile(path) : ruleForVaultFolder(inner)
    default:
      return undefined
  }
}

function ruleForVaultFile(path: string): Rule {
  const isConcreteStore: Rule = (target) => path === 'vault/open-vault.ts' && isBelow('stores')(target)
  const isOverContracts: Rule = ({ name }) => overContracts.includes(name)
  const isStoreType: Rule = (target) => target.typeOnly && target.name === 'stores/select-backend.ts'
  return anyOf(isLeaf, isBelow('crypto', 'vault'), isStoreContract, isOverContracts, isStoreType, isConcreteStore, isPackage('zod/mini', 'fflate'))
}

function ruleForVaultFolder(folder: string): Rule | undefined {
  switch (folder) {
    case 'core':
      return anyOf(isLeaf, isBelow('crypto', 'vault/core'), isStoreContract, isPackage('zod/mini', 'fflate'))
    case 'records':
      return anyOf(isLeaf, isBelow('vault/core', 'vault/records'), isPackage('zod/mini'))
    case 'search':
    case 'archive':
    case 'merge':
    case 'rotation':
    case 'health':
    case 'privacy': {
      const features = [folder, ...(knownFeatures[folder] ?? [])].map((name) => `vault/${name}`)
      const isBelowThese = isBelow('crypto', 'vault/core', 'vault/records', ...features)
      return anyOf(isLeaf, isBelowThese, isPackage('zod/mini', 'fflate'))
    }
    default:
      return undefined
  }
}

function isImportMetaUrl(node: ESTree.Node | undefined): boolean {
  return node?.type === 'MemberExpression' && node.object.type === 'MetaProperty'
}

/** Every way a module can name another one: import, re-export, dynamic import, `import('x').T`, a worker's URL. */
function readImports({ path, text }: SourceFile): { imports: Import[]; unreadable: string[] } {
  const { program, errors } = parseSync(path, text)
  const imports: Import[] = []
  const unreadable = errors.map(({ message }) => message)
  const add = (specifier: unknown, typeOnly: boolean, names: readonly string[] = ['*']) => {
    if (typeof specifier === 'string') imports.push({ specifier, typeOnly, names })
    else unreadable.push('imports something that is not written as a plain string')
  }
  const nameOf = (name: ESTree.ModuleExportName) => (name.type === 'Literal' ? name.value : name.name)
  const literal = (node: ESTree.Node) => (node.type === 'Literal' ? node.value : undefined)
  new Visitor({
    ImportDeclaration({ source, importKind, specifiers }) {
      const names = specifiers.map((specifier) => {
        if (specifier.type === 'ImportSpecifier') return nameOf(specifier.imported)
        return specifier.type === 'ImportNamespaceSpecifier' ? '*' : 'default'
      })
      add(source.value, importKind === 'type', names)
    },
    ExportNamedDeclaration({ source, exportKind, specifiers }) {
      const names = specifiers.map(({ local }) => nameOf(local))
      if (source) add(source.value, exportKind === 'type', names)
    },
    ExportAllDeclaration({ source, exportKind }) {
      add(source.value, exportKind === 'type')
    },
    ImportExpression({ source }) {
      add(literal(source), false)
    },
    TSImportType({ source }) {
      add(source.value, true)
    },
    NewExpression({ callee, arguments: [address, base] }) {
      const isUrl = callee.type === 'Identifier' && callee.name === 'URL'
      if (isUrl && address && isImportMetaUrl(base)) add(literal(address), false)
    },
  }).visit(program)
  return { imports, unreadable }
}

/** The src file a relative specifier means: `./x.js` is x.ts, and anything else is spelled wrongly. */
function resolveFile(from: string, specifier: string): string | undefined {
  if (!specifier.endsWith('.js')) return undefined
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts')
}

function checkEntry({ path, text }: SourceFile): string[] {
  const onlyReExports = parseSync(path, text).program.body.every(
    (statement) => statement.type === 'ExportNamedDeclaration' && statement.source,
  )
  return onlyReExports ? [] : [`${path}: may hold nothing but re-exports with explicit names`]
}

/** Every way the given files break the house rules, one line each; none for a clean house. */
export function findViolations(files: readonly SourceFile[]): string[] {
  const violations: string[] = []
  const importedFilesByPath = new Map<string, Set<string>>()
  const paths = new Set(files.map(({ path }) => path))

  for (const file of files) {
    const { path } = file
    const importedFiles = new Set<string>()
    importedFilesByPath.set(path, importedFiles)

    const lines = file.text.replace(/\n$/, '').split('\n').length
    if (lines > maxLines) violations.push(`${path}: has ${lines} lines, at most ${maxLines} are allowed`)
    if (posix.basename(path) === 'index.ts' && !entries.includes(path)) {
      violations.push(`${path}: is a barrel file; only ${entries.join(' and ')} may be called index.ts`)
    }
    if (path === 'index.ts') violations.push(...checkEntry(file))

    const mayImport = ruleFor(path)
    if (!mayImport) violations.push(`${path}: lies in a folder the house does not have`)

    const { imports, unreadable } = readImports(file)
    violations.push(...unreadable.map((what) => `${path}: ${what}`))
    for (const { specifier, typeOnly, names } of imports) {
      const isFile = specifier.startsWith('.')
      const name = isFile ? resolveFile(path, specifier) : specifier
      if (name === undefined || (isFile && !paths.has(name))) {
        violations.push(`${path}: '${specifier}' is no file of src (relative imports end in .js)`)
        continue
      }
      if (isFile) importedFiles.add(name)
      if (mayImport && !mayImport({ name, isFile, typeOnly })) {
        violations.push(`${path}: may not import ${name}${typeOnly ? ' (types)' : ''}`)
      }
      if (specifier === 'zod/mini' && names.join() !== '*') {
        violations.push(`${path}: takes zod other than by \`import * as z from 'zod/mini'\``)
      }
      if (path.startsWith('vault/') && path !== codec && !typeOnly && takesSealing(name, names)) {
        violations.push(`${path}: seals or opens by itself; plaintext and key meet in ${codec} only`)
      }
    }
  }
  return [...violations, ...findCycles(importedFilesByPath)]
}

/** Import cycles, each named once. Types count: what needs a type of its own user is in the wrong file. */
function findCycles(importedFilesByPath: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const cycles: string[] = []
  const finished = new Set<string>()
  const trail: string[] = []
  const visit = (path: string) => {
    if (finished.has(path)) return
    const start = trail.indexOf(path)
    if (start !== -1) {
      cycles.push(`import cycle: ${[...trail.slice(start), path].join(' -> ')}`)
      return
    }
    trail.push(path)
    for (const imported of importedFilesByPath.get(path) ?? []) visit(imported)
    trail.pop()
    finished.add(path)
  }
  for (const path of importedFilesByPath.keys()) visit(path)
  return cycles
}
