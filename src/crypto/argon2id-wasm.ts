// The one line behind which the WebAssembly of Argon2id lies, so that a bundler makes a chunk of it that nobody fetches who does not use it.

export { argon2id } from 'hash-wasm'
