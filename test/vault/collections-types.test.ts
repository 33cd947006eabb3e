// What the compiler knows of a collection: from the schema of any library, and from the head. tsc checks it; here it only has to run.

import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import * as z from 'zod/mini'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Collection, CollectionEntry, CollectionHit, CollectionItem, InputOf, OutputOf, StandardSchema } from '../../src/index.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { testBrowser } from '../kit/tabs.js'

const ZodNote = z.object({ title: z.string(), text: z._default(z.string(), ''), pinned: z.optional(z.boolean()), tags: z._default(z.array(z.string()), []) })
const ValibotNote = v.object({ title: v.string(), text: v.optional(v.string(), ''), pinned: v.optional(v.boolean()), stars: v.optional(v.pipe(v.string(), v.transform(Number)), '0') })

type Note = { title: string; text: string; pinned?: boolean | undefined; tags: string[] }

describe('the types of a collection', () => {
  it('are those of the schema and of the head', async () => {
    const open = await testBrowser().tab()
    const named = open.collection('named', { schema: ZodNote, head: ['title', 'pinned'], searchable: ['title', 'text', 'tags'] })
    const made = open.collection('made', {
      schema: ZodNote,
      head: (note) => {
        expectTypeOf(note).toEqualTypeOf<Note>()
        return { title: note.title, length: note.text.length }
      },
      searchable: (note) => [note.title, note.text, ...note.tags],
    })
    const bare = open.collection('bare', { schema: ZodNote })
    const valibot = open.collection('valibot', { schema: ValibotNote, head: (note) => ({ stars: note.stars }) })

    const item = await named.add({ title: 'Trip' })
    expectTypeOf(item).toEqualTypeOf<CollectionItem<Note>>()
    expect(item.value).toEqual({ title: 'Trip', text: '', tags: [] })
    const [entry] = await named.list({ where: ({ title, pinned }) => title !== '' && pinned !== true, sortBy: 'title' })
    expectTypeOf(entry!).toEqualTypeOf<CollectionEntry<Pick<Note, 'title' | 'pinned'>>>()
    await made.put('a', { title: 'Trip', text: 'four' })
    expectTypeOf((await made.list())[0]!.head).toEqualTypeOf<Readonly<{ title: string; length: number }>>()
    expectTypeOf(made.search('four')).toEqualTypeOf<AsyncGenerator<CollectionHit<{ title: string; length: number }>, void, undefined>>()
    expectTypeOf((await bare.list())[0]?.head).toEqualTypeOf<Readonly<Record<never, never>> | undefined>()
    const { value } = await valibot.add({ title: 'Trip', stars: '5' })
    expectTypeOf(value.stars).toEqualTypeOf<number>()
    expectTypeOf<Parameters<(typeof valibot)['add']>[0]>().toEqualTypeOf<v.InferInput<typeof ValibotNote>>()
    expect(value).toEqual({ title: 'Trip', text: '', stars: 5 })
    await made.update('a', (note) => ({ ...note, text: note.text + note.tags.length }))
    await open.transact(async (tx) => expectTypeOf(tx.collection(made)).toEqualTypeOf<typeof made>())
    await open.lock()
  })

  it('refuse what is no item, head or field', () => {
    const never = (open: UnlockedVault): unknown => {
      const notes = open.collection('notes', { schema: ZodNote, head: ['title'] })
      return [
        // @ts-expect-error the title is missing
        notes.add({ text: 'x' }),
        // @ts-expect-error a title is a string
        notes.update('a', { title: 7 }),
        // @ts-expect-error there is no such field in the head
        notes.list({ where: ({ text }) => text === '' }),
        // @ts-expect-error there is no such field in the head
        notes.list({ sortBy: 'text' }),
        // @ts-expect-error there is no such field in a note
        open.collection('notes', { schema: ZodNote, head: ['titel'] }),
        // @ts-expect-error there is no such field in a note
        open.collection('notes', { schema: ZodNote, searchable: ['titel'] }),
        // @ts-expect-error a head is an object
        open.collection('notes', { schema: ZodNote, head: (note) => note.title }),
        // @ts-expect-error this is no schema
        open.collection('notes', { schema: { parse: (value: unknown) => value } }),
      ]
    }
    expect(never).toBeTypeOf('function')
  })

  it('take whatever implements the specification', () => {
    expectTypeOf<StandardSchemaV1<{ a: string }, { a: number }>>().toExtend<StandardSchema<{ a: string }, { a: number }>>()
    expectTypeOf<InputOf<StandardSchemaV1<{ a: string }, { a: number }>>>().toEqualTypeOf<{ a: string }>()
    expectTypeOf<OutputOf<StandardSchemaV1<{ a: string }, { a: number }>>>().toEqualTypeOf<{ a: number }>()
    expectTypeOf<Collection<InputOf<typeof ValibotNote>, OutputOf<typeof ValibotNote>, object>['name']>().toEqualTypeOf<string>()
  })
})
