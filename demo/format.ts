// Numbers, sizes and times as people read them.

const numbers = new Intl.NumberFormat('en')

export function formatNumber(value: number): string {
  return numbers.format(Math.round(value))
}

/** "1 message", "2,156 messages". */
export function formatCount(value: number, one: string, many = `${one}s`): string {
  return `${formatNumber(value)} ${value === 1 ? one : many}`
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_000_000) return `${formatNumber(bytes / 1000)} kB`
  return bytes < 1_000_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${(bytes / 1_000_000_000).toFixed(1)} GB`
}

const times = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })

export function formatTime(ms: number): string {
  // Times are data of the file; one no calendar knows is shown as the number it is.
  return Math.abs(ms) <= 8.64e15 ? times.format(ms) : String(ms)
}

const days = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })

export function formatDay(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? days.format(ms) : String(ms)
}

const ago = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

/** "just now", "5 minutes ago", "yesterday", "3 days ago". */
export function formatAgo(ms: number): string {
  const [unit, size] = UNITS.find(([, length]) => ms >= length) ?? []
  return unit === undefined ? 'just now' : ago.format(-Math.floor(ms / size), unit)
}
