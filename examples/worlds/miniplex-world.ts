// A world of Miniplex (github.com/hmans/miniplex): entities are objects with their components as properties, which is what the persistence system reads.

import type { World as MiniplexWorld } from 'miniplex'
import type { World, WorldEntity } from 'sealed-vault/system'

/** @param systems by name; Miniplex itself has none */
export function worldOfMiniplex<Entity extends WorldEntity>(world: MiniplexWorld<Entity>, systems: ReadonlyMap<string, unknown>): World {
  return {
    query: (component) => world.with(component as keyof Entity),
    getSystem: (name) => systems.get(name),
    restoreEntity: ({ entityId, model, configuration, memories }) => void world.add({ id: entityId, brain: { model, configuration, memories } } as WorldEntity as Entity),
  }
}
