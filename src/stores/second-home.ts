// A small place beside the database for what must outlive it: the canary and copies of the header. A contract only.

export interface SecondHome {
  readonly kind: 'local-storage' | 'opfs' | 'memory'
  /** It did not answer in time once: what it did not tell may be there all the same. */
  readonly silent: boolean
  /** The value last written under this key, or undefined. Never throws: an unreadable home answers undefined. */
  read(key: string): Promise<string | undefined>
  /** Best effort: resolves to false when the home refused (quota, private mode). */
  write(key: string, value: string): Promise<boolean>
  remove(key: string): Promise<void>
  /** Keys that begin with this prefix. */
  keys(prefix: string): Promise<readonly string[]>
}
