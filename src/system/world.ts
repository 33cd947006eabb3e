// What the persistence system asks of the world it lives in: small structural types, so that any entity-component world fits. Nothing here is a class of ours.

import type { Brain, BrainInput, JsonObject, JsonValue, Message, MessageMetadata, MessageType, Session, SessionInput } from '../index.js'
import type { PersistenceEvent } from './system-events.js'

/** The world, as far as it is needed. A library that has these under other names is fitted by a few lines (docs/system.md). */
export interface World {
  /** Entities that have a component of this name; asked at start and when brains are written, never in a frame. */
  query(component: string): Iterable<WorldEntity>
  /** Another system by the name it was added under, or undefined. */
  getSystem(name: string): unknown
  /** Takes a brain whose entity is not in the world: to make one, if it wants to. */
  restoreEntity?(brain: Brain): void
  /** Tells whoever listens; left out, only `subscribe` does. */
  emit?(name: 'persistence', event: PersistenceEvent): void
}

/** An entity with its components as properties. */
export interface WorldEntity {
  readonly id: string
  /** What an AI entity is and remembers. */
  brain?: BrainComponent | undefined
}

export interface BrainComponent {
  model: string
  configuration?: JsonObject | undefined
  memories?: readonly JsonValue[] | undefined
}

/** The system that has the sessions. It is only read, but for `restore`. */
export interface SessionSystem {
  /** Sessions that are going on. Read in every frame: an array or a map's values, nothing that is made anew with effort. */
  readonly activeSessions: Iterable<WorldSession>
  /** Takes what was going on when the vault was left; called after every unlock, before anything is written, and after an import: a session it has already is brought up to date. */
  restore?(sessions: readonly RestoredSession[]): void
}

/** A session of the world. What is left out is as the vault has it. */
export interface WorldSession extends Pick<SessionInput, 'connectionId' | 'participants' | 'state' | 'title' | 'keywords' | 'createdAt'> {
  readonly id: string
  /**
   * In the order in which they were said. New ones come at the end, and the last one may still grow; the world may drop old ones from its beginning, which deletes nothing. A message that was
   * changed otherwise is told of by `noteChange`.
   */
  readonly messages: readonly WorldMessage[]
}

export interface WorldMessage {
  /** Unique in its session. */
  readonly id: string
  readonly senderId: string
  readonly type: MessageType
  readonly content: string
  /** Milliseconds. */
  readonly timestamp: number
  readonly metadata?: MessageMetadata | undefined
}

/** A session as the vault has it, with its newest messages. */
export interface RestoredSession {
  readonly session: Session
  /** Oldest first. */
  readonly messages: readonly Message[]
  /** Whether there are older ones, which `storage.messages` reads. */
  readonly hasOlder: boolean
}

/** The brain of an entity as it is written. Undefined where the entity has none. */
export function brainOf({ id, brain }: WorldEntity): BrainInput | undefined {
  if (brain === undefined) return undefined
  const { model, configuration, memories } = brain
  return copied({ entityId: id, model, ...(configuration !== undefined && { configuration }), ...(memories !== undefined && { memories }) })
}

/** A copy, for the world goes on changing while it is written. What cannot be copied, the vault refuses by name. */
export function copied<T>(value: T): T {
  try {
    return structuredClone(value)
  } catch {
    return value
  }
}

/** @throws {TypeError} for a world or session system that is none */
export function checkWorld(world: unknown): asserts world is World {
  const { query, getSystem } = (world ?? {}) as Partial<World>
  if (typeof query !== 'function' || typeof getSystem !== 'function') throw new TypeError('a world has query(component) and getSystem(name)')
}

/** The session system of this name, once it is there. @throws {TypeError} for something else under its name */
export function sessionSystemOf(world: World, name: string): SessionSystem | undefined {
  const found = world.getSystem(name)
  if (found === undefined || found === null) return undefined
  if (typeof (found as Partial<SessionSystem>).activeSessions?.[Symbol.iterator] !== 'function') throw new TypeError(`the system ${name} has no activeSessions to be read`)
  return found as SessionSystem
}
