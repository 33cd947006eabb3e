// Writers of the containers the scan opens, as small as they can be. They compress for certain: what repeats becomes references.

/** Splits bytes into literals and copies of at least four bytes, the longest first, as both compressors want it. */
function findCopies(source: Buffer): { literal: Buffer; back: number; size: number }[] {
  const steps = []
  let from = 0
  // LZ4 wants the last five bytes as a literal and no copy to begin within the last twelve.
  for (let at = 1; at < source.length - 12; at++) {
    let size = Math.min(60, source.length - 5 - at)
    let seen = -1
    for (; size >= 4; size--) {
      seen = source.lastIndexOf(source.subarray(at, at + size), at - 1)
      if (seen !== -1) break
    }
    if (size < 4) continue
    steps.push({ literal: source.subarray(from, at), back: at - seen, size })
    at += size - 1
    from = at + 1
  }
  return [...steps, { literal: source.subarray(from), back: 0, size: 0 }]
}

export function varint(value: number): Buffer {
  const bytes = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128)
  return Buffer.from([...bytes, value])
}

export function snappy(source: Buffer): Buffer {
  const parts = [varint(source.length)]
  for (const { literal, back, size } of findCopies(source)) {
    for (let at = 0; at < literal.length; at += 256) {
      const part = literal.subarray(at, at + 256)
      parts.push(part.length <= 60 ? Buffer.of((part.length - 1) << 2) : Buffer.of(60 << 2, part.length - 1), part)
    }
    // All three ways to write a copy take their turn.
    if (size === 0) continue
    if (size <= 11 && back < 2048) parts.push(Buffer.of(1 | ((size - 4) << 2) | ((back >> 8) << 5), back & 255))
    else if (size % 2 === 0) parts.push(Buffer.of(2 | ((size - 1) << 2), back & 255, back >> 8))
    else parts.push(Buffer.of(3 | ((size - 1) << 2), back & 255, back >> 8, 0, 0))
  }
  return Buffer.concat(parts)
}

export function framedSnappy(source: Buffer, chunkLength: number): Buffer {
  const chunks: Buffer[] = [Buffer.from('\xff\x06\x00\x00sNaPpY', 'latin1')]
  for (let at = 0; at < source.length; at += chunkLength) {
    const content = snappy(source.subarray(at, at + chunkLength))
    const head = Buffer.alloc(8)
    head.writeUIntLE(content.length + 4, 1, 3)
    chunks.push(head, content)
  }
  return Buffer.concat(chunks)
}

export function mozLz4(source: Buffer): Buffer {
  const head = Buffer.from('mozLz40\0....', 'latin1')
  head.writeUInt32LE(source.length, 8)
  const longer = (size: number): Buffer => (size < 15 ? Buffer.alloc(0) : Buffer.concat([Buffer.alloc(Math.floor((size - 15) / 255), 255), Buffer.of((size - 15) % 255)]))
  const parts = findCopies(source).map(({ literal, back, size }) => {
    const token = Buffer.of((Math.min(literal.length, 15) << 4) | Math.min(Math.max(size - 4, 0), 15))
    const copy = size === 0 ? [] : [Buffer.of(back & 255, back >> 8), longer(size - 4)]
    return Buffer.concat([token, longer(literal.length), literal, ...copy])
  })
  return Buffer.concat([head, ...parts])
}

type Entry = [key: Buffer, value: Buffer]

/** A LevelDB table with one compressed block. */
export function levelDbTable(entries: Entry[], compression = 1): Buffer {
  const block = (rows: Entry[]): Buffer => {
    let before: Buffer = Buffer.alloc(0)
    const parts = rows.map(([key, value]) => {
      let shared = 0
      while (shared < key.length && shared < before.length && key[shared] === before[shared]) shared++
      before = Buffer.from(key)
      return Buffer.concat([varint(shared), varint(key.length - shared), varint(value.length), key.subarray(shared), value])
    })
    // One restart point, at the beginning.
    return Buffer.concat([...parts, Buffer.of(0, 0, 0, 0, 1, 0, 0, 0)])
  }
  const file: Buffer[] = []
  const add = (content: Buffer, type: number): Buffer => {
    const handle = Buffer.concat([varint(Buffer.concat(file).length), varint(content.length)])
    file.push(content, Buffer.of(type, 0, 0, 0, 0))
    return handle
  }
  const data = add(compression === 1 ? snappy(block(entries)) : block(entries), compression)
  const meta = add(block([]), 0)
  const index = add(block([[Buffer.from('~'), data]]), 0)
  const footer = Buffer.concat([meta, index, Buffer.alloc(40)]).subarray(0, 40)
  return Buffer.concat([...file, footer, Buffer.from('57fb808b247547db', 'hex')])
}

/** A LevelDB log; records run over the blocks of 32 KiB. */
export function levelDbLog(records: Buffer[]): Buffer {
  const parts: Buffer[] = []
  let used = 0
  for (const record of records) {
    for (let at = 0, first = true; first || at < record.length; first = false) {
      if (32_768 - used < 7) {
        parts.push(Buffer.alloc(32_768 - used))
        used = 0
      }
      const size = Math.min(record.length - at, 32_768 - used - 7)
      const last = at + size === record.length
      parts.push(Buffer.of(0, 0, 0, 0, size & 255, size >> 8, first ? (last ? 1 : 2) : last ? 4 : 3), record.subarray(at, at + size))
      at += size
      used = (used + 7 + size) % 32_768
    }
  }
  return Buffer.concat(parts)
}

const pageSize = 512

/** The pages of a SQLite file with one record of one blob: the first empty, the second with the row, then what runs over. */
function sqlitePagesOf(blob: Buffer, kind: 'table' | 'index'): Buffer[] {
  const first = Buffer.alloc(pageSize)
  first.write('SQLite format 3\0', 'latin1')
  first.writeUInt16BE(pageSize, 16)
  first.writeUInt8(13, 100)
  const bigEndian = (value: number): Buffer => (value < 128 ? Buffer.of(value) : Buffer.of((value >> 7) | 128, value & 127))
  const type = bigEndian(blob.length * 2 + 12)
  const payload = Buffer.concat([Buffer.of(1 + type.length), type, blob])
  const most = kind === 'table' ? pageSize - 35 : Math.floor(((pageSize - 12) * 64) / 255) - 23
  const least = Math.floor(((pageSize - 12) * 32) / 255) - 23
  const wanted = least + ((payload.length - least) % (pageSize - 4))
  const local = payload.length <= most ? payload.length : wanted <= most ? wanted : least
  const cell = Buffer.concat([bigEndian(payload.length), ...(kind === 'table' ? [Buffer.of(1)] : []), payload.subarray(0, local), Buffer.of(0, 0, 0, local < payload.length ? 3 : 0)])
  const row = Buffer.alloc(pageSize)
  row.writeUInt8(kind === 'table' ? 13 : 10, 0)
  row.writeUInt16BE(1, 3)
  row.writeUInt16BE(pageSize - cell.length, 8)
  cell.copy(row, pageSize - cell.length)
  const pages = [first, row]
  for (let at = local; at < payload.length; at += pageSize - 4) {
    const page = Buffer.alloc(pageSize)
    if (at + pageSize - 4 < payload.length) page.writeUInt32BE(pages.length + 2, 0)
    payload.copy(page, 4, at, at + pageSize - 4)
    pages.push(page)
  }
  return pages
}

export const sqliteFile = (blob: Buffer, kind: 'table' | 'index'): Buffer => Buffer.concat(sqlitePagesOf(blob, kind))

/** The same row, still in the write-ahead log: as one commit. */
export function sqliteWal(blob: Buffer): Buffer {
  const head = Buffer.alloc(32)
  head.writeUInt32BE(0x377f0682, 0)
  head.writeUInt32BE(pageSize, 8)
  const pages = sqlitePagesOf(blob, 'table')
  const frames = pages.map((page, index) => {
    const frame = Buffer.alloc(24)
    frame.writeUInt32BE(index + 1, 0)
    if (index === pages.length - 1) frame.writeUInt32BE(pages.length, 4)
    return Buffer.concat([frame, page])
  })
  return Buffer.concat([head, ...frames])
}
