// A page made of one script of ours, bundled and served on loopback: for what needs a page and not the demo.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../..', import.meta.url))

export interface BundleServer {
  readonly url: string
  close(): void
}

/**
 * @param source TypeScript that may import from `./src` and `./test`
 * @param policy the content security policy of what is asked for
 */
export async function serveBundle(source: string, policy: (search: URLSearchParams) => string = () => `default-src 'self'`): Promise<BundleServer> {
  const { outputFiles } = await build({ stdin: { contents: source, resolveDir: root, loader: 'ts', sourcefile: 'page.ts' }, outdir: 'out', bundle: true, splitting: true, format: 'esm', target: 'es2022', write: false })
  const files = new Map(outputFiles.map(({ path, text }) => [path.slice(path.lastIndexOf('/')), text]))
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost')
    const script = files.get(pathname)
    if (script !== undefined) return void response.setHeader('content-type', 'text/javascript').end(script)
    response.setHeader('content-type', 'text/html').setHeader('content-security-policy', policy(searchParams))
    response.end('<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="/stdin.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => void server.close() }
}
