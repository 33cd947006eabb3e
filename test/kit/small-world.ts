// A world as small as one can be: entities, systems by name, and a session system that keeps chats in memory.

import type { PersistenceEvent, RestoredSession, SessionSystem, World, WorldEntity, WorldMessage } from '../../src/system/index.js'

export interface Chat {
  id: string
  title?: string | undefined
  participants: readonly string[]
  state: 'active' | 'inactive' | 'archived'
  messages: WorldMessage[]
}

export class Chats implements SessionSystem {
  readonly chats = new Map<string, Chat>()
  restored = 0

  get activeSessions(): Iterable<Chat> {
    return this.chats.values()
  }

  restore(sessions: readonly RestoredSession[]): void {
    this.restored++
    for (const { session, messages } of sessions) {
      if (this.chats.has(session.id)) continue
      const { id, title, participants, state } = session
      this.chats.set(id, { id, ...(title !== '' && { title }), participants, state, messages: messages.map(({ id: messageId, senderId, type, content, timestamp, metadata }) => ({ id: messageId, senderId, type, content, timestamp, ...(metadata !== undefined && { metadata }) })) })
    }
  }

  open(id: string, ...participants: string[]): Chat {
    const chat: Chat = { id, participants, state: 'active', messages: [] }
    this.chats.set(id, chat)
    return chat
  }

  say(id: string, content: string, more: Partial<WorldMessage> = {}): WorldMessage {
    const { messages } = this.chats.get(id)!
    const message: WorldMessage = { id: `${id}-${messages.length}`, senderId: 'ada', type: 'user', content, timestamp: 1_790_000_000_000 + messages.length, ...more }
    messages.push(message)
    return message
  }

  /** A streamed answer: the last message says more. */
  grow(id: string, more: string): void {
    const { messages } = this.chats.get(id)!
    const last = messages.at(-1)!
    messages[messages.length - 1] = { ...last, content: last.content + more }
  }
}

export class SmallWorld implements World {
  readonly entities = new Map<string, WorldEntity>()
  readonly systems = new Map<string, unknown>()
  readonly events: PersistenceEvent[] = []
  readonly chats = new Chats()

  constructor() {
    this.systems.set('session', this.chats)
  }

  addSystem(system: unknown, name: string): void {
    this.systems.set(name, system)
  }

  getSystem(name: string): unknown {
    return this.systems.get(name)
  }

  *query(component: string): Iterable<WorldEntity> {
    for (const entity of this.entities.values()) if (component in entity) yield entity
  }

  emit(_name: 'persistence', event: PersistenceEvent): void {
    this.events.push(event)
  }

  /** Everything of it that is to come back. */
  saved(): unknown {
    return JSON.parse(JSON.stringify({ chats: [...this.chats.chats.values()].sort((a, b) => (a.id < b.id ? -1 : 1)), entities: [...this.entities.values()].sort((a, b) => (a.id < b.id ? -1 : 1)) })) as unknown
  }

  troubles(): readonly (PersistenceEvent & { readonly kind: 'trouble' })[] {
    return this.events.filter((event) => event.kind === 'trouble')
  }
}
