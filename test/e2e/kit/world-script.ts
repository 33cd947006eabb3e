// A world that lives by a script: chats in which somebody asks and an answer grows word by word, entities whose brains change. The same seed, the same world.

import { seededRandom } from '../../kit/random.ts'
import { SmallWorld } from '../../kit/small-world.ts'

const WORDS = 'night train vienna berth breakfast window platform ticket sleeper mountains tunnel river border lantern whistle'.split(' ')
const ENTITIES = 200
const CHATS = 20
const MAX_WORDS = 60

export class ScriptedWorld {
  readonly world = new SmallWorld()
  readonly #random: () => number
  #frame = 0

  constructor(seed: number) {
    const random = seededRandom(seed)
    this.#random = () => random.next()
    for (let i = 0; i < ENTITIES; i++) this.world.entities.set(`entity-${i}`, { id: `entity-${i}`, brain: { model: 'small', configuration: { mood: 'calm', changes: 0 }, memories: [] } })
  }

  /** Chats that are not there yet; after a restart those that were come from the vault. */
  begin(): void {
    for (let i = 0; i < CHATS; i++) if (!this.world.chats.chats.has(`chat-${i}`)) this.world.chats.open(`chat-${i}`, 'ada', `entity-${i}`)
  }

  /** What happens in one frame. @returns the entities whose brains changed */
  step(): string[] {
    const { chats } = this.world
    this.#frame++
    for (let i = 0; i < CHATS; i++) {
      const id = `chat-${i}`
      const last = chats.chats.get(id)!.messages.at(-1)
      if (last?.type === 'assistant' && last.content.split(' ').length < MAX_WORDS && this.#random() < 0.9) chats.grow(id, ` ${this.#word()}`)
      else if (last?.type === 'user') chats.say(id, this.#word(), { senderId: `entity-${i}`, type: 'assistant', timestamp: this.#frame })
      else if (this.#random() < 0.05) chats.say(id, `${this.#word()} ${this.#word()}?`, { timestamp: this.#frame })
    }
    if (this.#random() > 0.2) return []
    const entity = this.world.entities.get(`entity-${Math.floor(this.#random() * ENTITIES)}`) as unknown as { id: string; brain: { configuration: { changes: number }; memories: string[] } }
    entity.brain.configuration.changes++
    entity.brain.memories = [...entity.brain.memories.slice(-20), `${this.#word()} ${this.#frame}`]
    return [entity.id]
  }

  #word(): string {
    return WORDS[Math.floor(this.#random() * WORDS.length)]!
  }
}
