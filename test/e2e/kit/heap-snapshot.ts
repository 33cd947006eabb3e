// Reads a heap snapshot of V8: which texts are in it, and what holds them. A snapshot has the strings that are alive. It has no bytes: a text that somebody
// holds as UTF-8 is not seen, nor does the debugger give out such buffers; and it has nothing of memory that was freed and not yet used again.

import type { CDPSession } from 'playwright'

interface Raw {
  readonly snapshot: { readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly [readonly string[], ...unknown[]]; readonly edge_fields: readonly string[]; readonly edge_types: readonly [readonly string[], ...unknown[]] } }
  readonly nodes: readonly number[]
  readonly edges: readonly number[]
  readonly strings: readonly string[]
}

/** Longer strings are cut off by the engine, but for those it does not own: sources of scripts. */
const LONGEST = 1024
/** Parts of a string that was put together; a longer chain than that holds no short text that its parts do not. */
const MOST_PARTS = 10_000
const CHARACTERS_OF_A_NAME = 60
/** What nothing is reached through, since everything is: the global object, the document, and what the browser keeps for each page of scripts. So it is with code. */
const EVERYBODYS = /^(?:Window|HTMLDocument|system \/ NativeContext|blink::ScriptState|blink::V8PerContextData)/

export class HeapSnapshot {
  readonly #raw: Raw
  readonly #nodeTypes: readonly string[]
  readonly #edgeTypes: readonly string[]
  readonly #at: Readonly<Record<'type' | 'name' | 'size', number>>
  readonly #nodeLength: number
  /** Where the edges of a node begin; one more than there are nodes. */
  readonly #firstEdge: Uint32Array

  constructor(raw: Raw) {
    const { node_fields: fields, node_types: [nodeTypes], edge_fields: edgeFields, edge_types: [edgeTypes] } = raw.snapshot.meta
    if (edgeFields.join() !== 'type,name_or_index,to_node') throw new Error(`edges of a snapshot have other fields: ${edgeFields.join()}`)
    const fieldAt = (name: string): number => {
      if (!fields.includes(name)) throw new Error(`nodes of a snapshot have no ${name}: ${fields.join()}`)
      return fields.indexOf(name)
    }
    this.#raw = raw
    this.#nodeTypes = nodeTypes
    this.#edgeTypes = edgeTypes
    this.#nodeLength = fields.length
    this.#at = { type: fieldAt('type'), name: fieldAt('name'), size: fieldAt('self_size') }
    const edgesAt = fieldAt('edge_count')
    this.#firstEdge = new Uint32Array(this.count + 1)
    for (let node = 0; node < this.count; node++) this.#firstEdge[node + 1] = this.#firstEdge[node]! + raw.nodes[node * this.#nodeLength + edgesAt]!
  }

  static async take(session: CDPSession): Promise<HeapSnapshot> {
    const chunks: string[] = []
    const gather = ({ chunk }: { readonly chunk: string }): void => void chunks.push(chunk)
    // What is held by what was held by what is garbage.
    for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage')
    session.on('HeapProfiler.addHeapSnapshotChunk', gather)
    try {
      await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
    } finally {
      session.off('HeapProfiler.addHeapSnapshotChunk', gather)
    }
    return new HeapSnapshot(JSON.parse(chunks.join('')) as Raw)
  }

  get count(): number {
    return this.#raw.nodes.length / this.#nodeLength
  }

  #type(node: number): string {
    return this.#nodeTypes[this.#raw.nodes[node * this.#nodeLength + this.#at.type]!]!
  }

  #nameAt(node: number): number {
    return this.#raw.nodes[node * this.#nodeLength + this.#at.name]!
  }

  #name(node: number): string {
    return this.#raw.strings[this.#nameAt(node)]!
  }

  /** What the edges of a node are called, and where they lead; those that keep nothing alive left out. */
  *#edges(node: number): Generator<{ readonly label: string; readonly to: number }> {
    const { edges, strings } = this.#raw
    for (let edge = this.#firstEdge[node]!; edge < this.#firstEdge[node + 1]!; edge++) {
      const type = this.#edgeTypes[edges[edge * 3]!]!
      if (type === 'weak') continue
      const name = edges[edge * 3 + 1]!
      yield { label: type === 'element' || type === 'hidden' ? `[${name}]` : strings[name]!, to: edges[edge * 3 + 2]! / this.#nodeLength }
    }
  }

  /** The object that this property of the global object has. */
  global(property: string): number {
    for (let node = 0; node < this.count; node++) {
      if (!this.#name(node).startsWith('Window [JSGlobalObject]')) continue
      for (const { label, to } of this.#edges(node)) if (label === property) return to
    }
    throw new Error(`no global ${property} in the snapshot`)
  }

  /** Everything there is. */
  all(): Reach {
    return this.#reach([0], () => false)
  }

  /** What these keep alive by themselves, without the help of what belongs to everybody. */
  keptBy(...nodes: readonly number[]): Reach {
    return this.#reach(nodes, (node) => this.#type(node) === 'code' || EVERYBODYS.test(this.#name(node)))
  }

  #reach(starts: readonly number[], stops: (node: number) => boolean): Reach {
    const from = new Map<number, { readonly node: number; readonly label: string } | undefined>(starts.map((node) => [node, undefined]))
    for (const node of from.keys()) {
      if (stops(node)) continue
      for (const { label, to } of this.#edges(node)) if (!from.has(to)) from.set(to, { node, label })
    }
    return from
  }

  /** Of these texts those that are in one of the strings that were reached, or in the name of a property, each with what holds it. */
  find(reach: Reach, texts: readonly string[]): Map<string, string> {
    const found = new Map<string, string>()
    const look = (content: string, node: number): void => {
      for (const text of texts) if (!found.has(text) && content.includes(text)) found.set(text, this.#pathTo(reach, node))
    }
    const { strings, edges } = this.#raw
    const hits = new Set([...strings.keys()].filter((at) => texts.some((text) => strings[at]!.includes(text))))
    for (const node of reach.keys()) {
      const type = this.#type(node)
      if (hits.has(this.#nameAt(node)) && type === 'string') look(this.#name(node), node)
      // A part of another string keeps all of that alive, which is looked at by itself.
      if (type === 'concatenated string') look(this.#putTogether(node), node)
      for (let edge = this.#firstEdge[node]!; edge < this.#firstEdge[node + 1]!; edge++) {
        const name = edges[edge * 3 + 1]!
        if (hits.has(name) && this.#edgeTypes[edges[edge * 3]!] === 'property') look(strings[name]!, node)
      }
    }
    return found
  }

  #putTogether(node: number): string {
    const parts: string[] = []
    const waiting = [node]
    for (let next = waiting.pop(); next !== undefined && parts.length < MOST_PARTS; next = waiting.pop()) {
      if (this.#type(next) !== 'concatenated string') {
        parts.push(this.#name(next))
        continue
      }
      const halves = new Map([...this.#edges(next)].map(({ label, to }) => [label, to]))
      for (const half of ['second', 'first']) if (halves.has(half)) waiting.push(halves.get(half)!)
    }
    return parts.join('')
  }

  /** Strings of which the snapshot has only the beginning: nobody knows what is in the rest. */
  cutOff(reach: Reach): string[] {
    const isCut = (node: number): boolean => this.#type(node) === 'string' && this.#name(node).length === LONGEST && this.#raw.nodes[node * this.#nodeLength + this.#at.size]! > LONGEST + 16
    return [...reach.keys()].filter(isCut).map((node) => this.#pathTo(reach, node))
  }

  #pathTo(reach: Reach, node: number): string {
    const steps: string[] = []
    for (let at = node; ; ) {
      const name = `(${this.#name(at).slice(0, CHARACTERS_OF_A_NAME)})`
      const before = reach.get(at)
      steps.unshift(before === undefined ? name : `.${before.label} ${name}`)
      if (before === undefined) return steps.join(' ')
      at = before.node
    }
  }
}

/** Nodes, each with the one it was reached from. */
export type Reach = ReadonlyMap<number, { readonly node: number; readonly label: string } | undefined>
