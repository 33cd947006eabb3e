// The public face of `sealed-vault/system`: explicit names, nothing else.

export { PersistenceSystem } from './persistence-system.js'
export type { PersistenceOptions } from './persistence-system.js'
export { SessionStorage } from './session-storage.js'
export type { StorageOperation } from './session-storage.js'
export type { AskToUnlock, UnlockAnswer, UnlockQuestion } from './opening.js'
export type { RestoreOptions } from './restoring.js'
export type { PersistenceEvent, PersistenceState, PersistenceTask } from './system-events.js'
export type { BrainComponent, RestoredSession, SessionSystem, World, WorldEntity, WorldMessage, WorldSession } from './world.js'
