// What the runner may ask of the page: tasks by name, one at a time. A suite brings its tasks in a file of its own.

import { archiveTasks } from './archive.ts'
import { collectionTasks } from './collection.ts'
import { imageTasks } from './images.ts'
import { prefetchTasks } from './prefetch.ts'
import { questionTasks } from './questions.ts'
import { rotateTasks } from './rotate.ts'
import { searchTasks } from './search.ts'
import { writeTasks } from './write.ts'

type Task = (input: never) => Promise<unknown>

const tasks = new Map<string, Task>(Object.entries({ ...archiveTasks, ...collectionTasks, ...imageTasks, ...prefetchTasks, ...questionTasks, ...rotateTasks, ...searchTasks, ...writeTasks }))

async function runTask(name: string, input: unknown): Promise<unknown> {
  const task = tasks.get(name)
  if (task === undefined) throw new Error(`the page has no task ${name}`)
  // Without isolation the clock ticks in steps of 0.1 to 1 ms, and every short row would be wrong.
  if (!globalThis.crossOriginIsolated) throw new Error('the page is not cross-origin isolated')
  return task(input as never)
}

Object.assign(globalThis, { runTask })
