// @ts-check
// What the package weighs for an app: everything the entry loads at once, minified and gzipped, against a budget.
// Chunks behind a dynamic import are listed but not counted: an app pays for them when it first uses them.

import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const budgetBytes = 30_000
// Everything together: above the goal of 30 kB (docs/decisions/004-two-chunks.md), so at least it must not grow unseen.
const wholeBudgetBytes = 200_000
// An import that uses nothing must leave nothing behind; a few bytes allow for the bundler's own wrapping.
const unusedBudgetBytes = 64
const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Bundles a few lines of an app and returns its chunks, the eager ones marked.
 * @param {string} contents
 */
async function bundle(contents) {
  const result = await build({
    stdin: { contents, resolveDir: root, sourcefile: 'app.js' },
    absWorkingDir: root,
    outdir: 'bundle',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
  })
  const outputs = result.metafile.outputs
  const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint !== undefined && path.endsWith('stdin.js'))
  if (entry === undefined) throw new Error('the bundle has no entry')
  const eager = new Set([entry])
  for (const path of eager) {
    for (const { path: imported, kind } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && imported in outputs) eager.add(imported)
    }
  }
  return result.outputFiles.map((file) => {
    const path = Object.keys(outputs).find((name) => file.path.replaceAll('\\', '/').endsWith(`/${name}`)) ?? file.path
    return {
      path,
      eager: eager.has(path),
      bytes: file.contents.length,
      gzipBytes: gzipSync(file.contents, { level: 9 }).length,
      inputs: Object.entries(outputs[path]?.inputs ?? {}).map(([name, { bytesInOutput }]) => ({ name, bytesInOutput })),
    }
  })
}

/** @param {number} bytes */
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => number} number
 */
const sum = (items, number) => items.reduce((total, item) => total + number(item), 0)

/** The package an input belongs to; our own files count as ours. @param {string} name */
const packageOf = (name) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? 'sealed-vault'

const chunks = await bundle('export * from "./dist/index.js"')
const eagerChunks = chunks.filter((chunk) => chunk.eager)
const minBytes = sum(eagerChunks, (chunk) => chunk.bytes)
const gzipBytes = sum(eagerChunks, (chunk) => chunk.gzipBytes)
console.log(`entry: ${kilobytes(minBytes)} min, ${kilobytes(gzipBytes)} gzip (budget ${kilobytes(budgetBytes)} gzip)`)

/** @type {Map<string, number>} */
const bytesByPackage = new Map()
for (const { name, bytesInOutput } of eagerChunks.flatMap((chunk) => chunk.inputs)) {
  bytesByPackage.set(packageOf(name), (bytesByPackage.get(packageOf(name)) ?? 0) + bytesInOutput)
}
for (const [name, bytes] of [...bytesByPackage].sort((a, b) => b[1] - a[1])) console.log(`  ${name}: ${kilobytes(bytes)} min`)
for (const chunk of chunks.filter(({ eager }) => !eager)) {
  const heaviest = chunk.inputs.toSorted((a, b) => b.bytesInOutput - a.bytesInOutput)[0]?.name ?? chunk.path
  console.log(`later: ${kilobytes(chunk.bytes)} min, ${kilobytes(chunk.gzipBytes)} gzip (${heaviest} and what it needs)`)
}

// What an app loads in the end when it opens a vault, loads into it and checks it: the entry is only what it loads first.
const wholeBytes = sum(chunks, (chunk) => chunk.gzipBytes)
console.log(`everything: ${kilobytes(sum(chunks, (chunk) => chunk.bytes))} min, ${kilobytes(wholeBytes)} gzip (budget ${kilobytes(wholeBudgetBytes)} gzip)`)

// Guards the "sideEffects" promise of package.json: without it, schemas built at module level would stay in every app.
const unusedChunks = await bundle('import * as vault from "./dist/index.js"')
const unusedBytes = sum(unusedChunks.filter((chunk) => chunk.eager), (chunk) => chunk.bytes)
console.log(`unused import: ${unusedBytes} bytes left behind`)

if (gzipBytes > budgetBytes) {
  console.error(`size: the entry is ${gzipBytes - budgetBytes} bytes over its budget`)
  process.exitCode = 1
}
if (wholeBytes > wholeBudgetBytes) {
  console.error(`size: everything together is ${wholeBytes - wholeBudgetBytes} bytes over its budget`)
  process.exitCode = 1
}
if (unusedBytes > unusedBudgetBytes) {
  console.error('size: an unused import does not disappear from an app; see "sideEffects" in package.json')
  process.exitCode = 1
}
