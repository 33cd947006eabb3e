// A world of bitECS (github.com/NateTheGreatt/bitECS): entities are numbers, components are arrays. A view of one entity reads and writes the arrays.

import { addComponent, addEntity, query, type World as BitEcsWorld } from 'bitecs'
import type { BrainComponent, World, WorldEntity } from 'sealed-vault/system'

/** Components of entities that have a brain: the name they keep over restarts, since numbers are given anew, and the brain. */
export interface BrainComponents {
  readonly Name: string[]
  readonly Brain: BrainComponent[]
}

export function worldOfBitEcs(world: BitEcsWorld, { Name, Brain }: BrainComponents, systems: ReadonlyMap<string, unknown>): World {
  const view = (entity: number): WorldEntity => ({
    id: Name[entity]!,
    get brain() {
      return Brain[entity]
    },
  })
  return {
    query: (component) => (component === 'brain' ? Array.from(query(world, [Name, Brain]), view) : []),
    getSystem: (name) => systems.get(name),
    restoreEntity: ({ entityId, model, configuration, memories }) => {
      const entity = addEntity(world)
      addComponent(world, entity, Name)
      addComponent(world, entity, Brain)
      Name[entity] = entityId
      Brain[entity] = { model, configuration, memories }
    },
  }
}
