// Builds a page as `vite build` does and serves it as `vite preview` does: what a visitor gets, with no module served one
// by one and nothing reloaded in the middle of a test.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type InlineConfig, preview } from 'vite'

const configFile = fileURLToPath(new URL('../../../demo/vite.config.ts', import.meta.url))

export interface PageServer {
  readonly url: string
  close(): Promise<void>
}

/** Builds the demo into `folder` and serves it on a free port. */
export function servePage(folder: string): Promise<PageServer> {
  // Vitest says "test" here, which is no mode a page is built in.
  return serve({ configFile, mode: 'production', logLevel: 'warn', build: { outDir: join(folder, 'page'), emptyOutDir: true } })
}

/** The same for a page of this folder that shows nothing and is told what to do. */
export function serveBarePage(folder: string, name: string): Promise<PageServer> {
  const root = fileURLToPath(new URL('.', import.meta.url))
  const input = join(root, name)
  // Without preloading, no chunk of the library needs the page's own.
  return serve({ configFile: false, root, mode: 'production', logLevel: 'warn', build: { outDir: join(folder, 'page'), emptyOutDir: true, target: 'es2022', modulePreload: false, rollupOptions: { input } } }, name)
}

async function serve(settings: InlineConfig, path = ''): Promise<PageServer> {
  await build(settings)
  const server = await preview({ ...settings, preview: { host: '127.0.0.1', port: 0, open: false } })
  const address = server.httpServer.address()
  if (address === null || typeof address === 'string') throw new Error('the page is not served on a port')
  return { url: `http://127.0.0.1:${address.port}/${path}`, close: () => server.close() }
}
