// @ts-check
// Bundles the page and serves it cross-origin isolated: only then browsers let a page measure in microseconds.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { extname, join, normalize, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const types = /** @type {Record<string, string>} */ ({ '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json' })

const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** @param {string} path */
const fromRoot = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** @param {string} outDir */
async function bundlePage(outDir) {
  await build({
    configFile: false,
    root: fromRoot('bench/page'),
    logLevel: 'warn',
    resolve: { alias: [{ find: /^sealed-vault$/, replacement: fromRoot('src/index.ts') }] },
    worker: { format: 'es' },
    // Readable names and a map to the sources, so that a profile of the page can be read.
    build: { outDir, emptyOutDir: true, target: 'esnext', minify: false, sourcemap: 'hidden', modulePreload: false, chunkSizeWarningLimit: 10_000 },
  })
}

/** @param {{ conversations: readonly unknown[] }} corpus */
function* linesOf({ conversations }) {
  for (const conversation of conversations) yield `${JSON.stringify(conversation)}\n`
}

/**
 * @param {() => { conversations: readonly unknown[] }} corpus asked for each time the page wants it
 * @returns {Promise<{ url: string, folder: string, close: () => Promise<void> }>} the page and the folder of its bundle
 */
export async function servePage(corpus) {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-vault-bench-page-'))
  await bundlePage(folder)
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page')
    if (pathname === '/corpus.ndjson') {
      response.writeHead(200, { ...isolation, 'content-type': 'application/x-ndjson' })
      // Not faster than the page takes it: a corpus may be larger than memory has room for twice. A page that went away is no failure.
      pipeline(Readable.from(linesOf(corpus())), response, () => undefined)
      return
    }
    const file = normalize(join(folder, pathname === '/' ? 'index.html' : pathname))
    try {
      if (!file.startsWith(folder + sep)) throw new Error('outside')
      const bytes = readFileSync(file)
      response.writeHead(200, { ...isolation, 'content-type': types[extname(file)] ?? 'application/octet-stream' }).end(bytes)
    } catch {
      response.writeHead(404, isolation).end()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}/`,
    folder,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
