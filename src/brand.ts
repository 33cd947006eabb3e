// Branded ids and byte types: the compiler keeps ciphertext, labels and ids apart. A leaf: imports nothing.

declare const brand: unique symbol

/** A `Base` that only one kind of place may produce. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }

/** Bytes that own a plain ArrayBuffer, as WebCrypto and IndexedDB want them. */
export type Bytes = Uint8Array<ArrayBuffer>

/** A finished row: sealed, or made of clear parts that docs/format.md lists. The only bytes stores accept. */
export type SealedBytes = Brand<Bytes, 'SealedBytes'>
/** Sixteen bytes of HMAC that name a row and say nothing. */
export type Label = Brand<Bytes, 'Label'>
/** The last 16 bytes of a row: its authentication tag. */
export type Tag = Brand<Bytes, 'Tag'>
export type VaultId = Brand<Bytes, 'VaultId'>
export type HomeId = Brand<Bytes, 'HomeId'>
/** One generation of data keys, counted from 1. */
export type Epoch = Brand<number, 'Epoch'>
/** Number of a commit, counted from 1. */
export type Seq = Brand<number, 'Seq'>

export type SessionId = Brand<string, 'SessionId'>
export type ChatLogId = Brand<string, 'ChatLogId'>
export type MessageId = Brand<string, 'MessageId'>
export type EntityId = Brand<string, 'EntityId'>
