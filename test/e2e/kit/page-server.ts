// Builds the page as `vite build` does and serves it as `vite preview` does: what a visitor gets, with no module served one
// by one and nothing reloaded in the middle of a test.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, preview } from 'vite'

const configFile = fileURLToPath(new URL('../../../demo/vite.config.ts', import.meta.url))

export interface PageServer {
  readonly url: string
  close(): Promise<void>
}

/** Builds into `folder` and serves it on a free port. */
export async function servePage(folder: string): Promise<PageServer> {
  const outDir = join(folder, 'page')
  // Vitest says "test" here, which is no mode a page is built in.
  const settings = { configFile, mode: 'production', logLevel: 'warn' as const, build: { outDir, emptyOutDir: true } }
  await build(settings)
  const server = await preview({ ...settings, preview: { host: '127.0.0.1', port: 0, open: false } })
  const address = server.httpServer.address()
  if (address === null || typeof address === 'string') throw new Error('the page is not served on a port')
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() }
}
