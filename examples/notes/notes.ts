import { openVault } from 'sealed-vault'
import * as z from 'zod/mini'

const Note = z.object({ title: z.string(), text: z._default(z.string(), ''), pinned: z.optional(z.boolean()) })

/** A notes app: everything sealed under the password, the titles in memory, the texts searchable. */
export async function openNotes(password: string) {
  const vault = await openVault({ name: 'notes' })
  if (vault.state !== 'empty' && vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  const open = vault.state === 'empty' ? await vault.create(password) : await vault.unlock(password)
  const notes = open.collection('notes', { schema: Note, head: ['title', 'pinned'], searchable: ['title', 'text'] })
  return {
    write: (title: string, text: string) => notes.add({ title, text }),
    read: async (id: string) => (await notes.get(id))?.value,
    edit: (id: string, text: string) => notes.update(id, { text }),
    pin: (id: string, pinned: boolean) => notes.update(id, { pinned: pinned || undefined }),
    remove: (id: string) => notes.delete(id),
    pinned: () => notes.list({ where: ({ pinned }) => pinned === true, sortBy: 'title' }),
    newest: () => notes.list({ limit: 20 }),
    async find(typed: string) {
      const found = []
      for await (const { id, head, snippet } of notes.search(typed, { typing: true, limit: 20 })) found.push({ id, title: head.title, line: snippet.text })
      return found
    },
    onChange: (changed: () => void) => open.subscribe((event) => event.kind === 'changed' && event.collections.includes('app:notes') && changed()),
    lock: () => open.lock(),
  }
}
