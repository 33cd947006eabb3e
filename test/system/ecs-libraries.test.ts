// Two published entity-component libraries that have little in common but what they are: objects with properties in one, numbers and arrays in the other. Both fit by a few lines (examples/worlds).

import 'fake-indexeddb/auto'
import { addComponent, addEntity, createWorld, query } from 'bitecs'
import { World as MiniplexWorld } from 'miniplex'
import { expect, it } from 'vitest'
import { worldOfBitEcs, type BrainComponents } from '../../examples/worlds/bitecs-world.js'
import { worldOfMiniplex } from '../../examples/worlds/miniplex-world.js'
import { PersistenceSystem, type WorldEntity } from '../../src/system/index.js'
import { Chats } from '../kit/small-world.js'

const brain = (memory: string) => ({ model: 'small', configuration: { mood: 'calm' }, memories: [memory] })
const vault = (name: string) => ({ vault: { name } })

it('a world of Miniplex is kept and restored', async () => {
  const chats = new Chats()
  const world = new MiniplexWorld<WorldEntity>()
  const guide = world.add({ id: 'guide', brain: brain('likes trains') })
  world.add({ id: 'stone' })
  const first = new PersistenceSystem(worldOfMiniplex(world, new Map([['session', chats]])), vault('miniplex'))
  await first.init()
  chats.open('a', 'ada', 'guide')
  chats.say('a', 'hello')
  guide.brain!.memories = ['likes trains', 'met ada']
  first.markBrainDirty('guide')
  await first.destroy()

  const again = new MiniplexWorld<WorldEntity>()
  const moved = again.add({ id: 'guide', brain: { model: 'none' } })
  const later = new Chats()
  await new PersistenceSystem(worldOfMiniplex(again, new Map([['session', later]])), vault('miniplex')).init()
  expect([moved.brain, later.chats.get('a')!.messages.map(({ content }) => content)]).toEqual([{ ...brain('likes trains'), memories: ['likes trains', 'met ada'] }, ['hello']])
  const empty = new MiniplexWorld<WorldEntity>()
  await new PersistenceSystem(worldOfMiniplex(empty, new Map()), vault('miniplex')).init()
  expect([...empty.with('brain')]).toMatchObject([{ id: 'guide', brain: { memories: ['likes trains', 'met ada'] } }])
})

it('a world of bitECS is kept and restored, whatever numbers its entities get', async () => {
  const made = (): { readonly world: ReturnType<typeof createWorld>; readonly components: BrainComponents } => ({ world: createWorld(), components: { Name: [], Brain: [] } })
  const entity = ({ world, components: { Name, Brain } }: ReturnType<typeof made>, name: string, memory: string): number => {
    const id = addEntity(world)
    addComponent(world, id, Name)
    addComponent(world, id, Brain)
    Name[id] = name
    Brain[id] = brain(memory)
    return id
  }
  const one = made()
  addEntity(one.world)
  for (let i = 0; i < 20; i++) entity(one, `entity ${i}`, `memory ${i}`)
  const chats = new Chats()
  const first = new PersistenceSystem(worldOfBitEcs(one.world, one.components, new Map([['session', chats]])), vault('bitecs'))
  await first.init()
  chats.open('a', 'ada', 'entity 3')
  chats.say('a', 'hello')
  first.update(16)
  await first.destroy()

  const two = made()
  const third = entity(two, 'entity 3', 'nothing yet')
  const system = new PersistenceSystem(worldOfBitEcs(two.world, two.components, new Map()), vault('bitecs'))
  await system.init()
  expect(two.components.Brain[third]).toEqual(brain('memory 3'))
  const all = query(two.world, [two.components.Name, two.components.Brain])
  expect(Object.fromEntries(Array.from(all, (id) => [two.components.Name[id], two.components.Brain[id]!.memories]))).toEqual(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`entity ${i}`, [`memory ${i}`]])))
})
