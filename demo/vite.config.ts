// Serves the demo straight from the sources: it imports the package by name, as an app would.

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const source = (path: string) => fileURLToPath(new URL(`../src/${path}`, import.meta.url))

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  cacheDir: fileURLToPath(new URL('../node_modules/.vite/demo', import.meta.url)),
  resolve: {
    alias: [
      { find: /^sealed-vault$/, replacement: source('index.ts') },
      { find: /^sealed-vault\/system$/, replacement: source('system/index.ts') },
      { find: /^sealed-vault\/testing$/, replacement: source('testing/index.ts') },
    ],
  },
  worker: { format: 'es' },
  // Browsers hand out WebCrypto on localhost and over https only, so the address shown is the one that works.
  server: { host: 'localhost', port: 5173 },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022' },
})
