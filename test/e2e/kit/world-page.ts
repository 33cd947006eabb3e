// The page of a scripted world: frames as the browser gives them, of which it is known what the script took for itself.

import { PersistenceSystem, type PersistenceEvent } from '../../../src/system/index.ts'
import { ScriptedWorld } from './world-script.ts'

export interface WorldPage {
  start(seed: number): Promise<PersistenceEvent[]>
  /** @returns ms that the page took in each frame without the library, for the script, the mark and asking for the next frame */
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
        const started = performance.now()
        performance.mark('frame')
        const changed = script.step()
        const stepped = performance.now()
        for (const entityId of changed) system.markBrainDirty(entityId)
        if (system.update(16) !== undefined) throw new Error('a frame waited')
        const updated = performance.now()
        if (took.length < frames - 1) requestAnimationFrame(frame)
        took.push(stepped - started + performance.now() - updated)
        if (took.length === frames) resolve(took)
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
