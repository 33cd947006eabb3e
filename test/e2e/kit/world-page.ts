// The page of a scripted world: frames as the browser gives them, of which it is known what the script took for itself.

import { PersistenceSystem, type PersistenceEvent } from '../../../src/system/index.ts'
import { ScriptedWorld } from './world-script.ts'

export interface WorldPage {
  start(seed: number): Promise<PersistenceEvent[]>
  /** @returns ms that the script took in each frame, by itself */
  run(frames: number): Promise<number[]>
  /** Everything, as it is when all of it is in the vault. */
  saved(): Promise<string>
  now(): string
  end(): Promise<void>
}

const NAME = 'scripted world'
let script: ScriptedWorld
let system: PersistenceSystem

export const page: WorldPage = {
  start: async (seed) => {
    script = new ScriptedWorld(seed)
    system = new PersistenceSystem(script.world, { vault: { name: NAME }, restore: { messages: 1_000_000 } })
    script.world.addSystem(system, 'persistence')
    await system.init()
    script.begin()
    return script.world.events
  },
  run: (frames) =>
    new Promise((resolve) => {
      const took: number[] = []
      const frame = (): void => {
        performance.mark('frame')
        const started = performance.now()
        for (const entityId of script.step()) system.markBrainDirty(entityId)
        took.push(performance.now() - started)
        if (system.update(16) !== undefined) throw new Error('a frame waited')
        if (took.length < frames) requestAnimationFrame(frame)
        else resolve(took)
      }
      requestAnimationFrame(frame)
    }),
  saved: async () => {
    await system.flush()
    return page.now()
  },
  now: () => JSON.stringify(script.world.saved()),
  end: () => system.destroy(),
}
