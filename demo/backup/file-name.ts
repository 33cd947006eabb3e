// Names of files that are saved. They say nothing but when: names lie in the browser's list of downloads, in clear.

const two = (value: number): string => String(value).padStart(2, '0')

/** "conversations-2026-03-05-1430.svault", by the clock of this place. */
export function fileName(vaultName: string, at: number, ending: string): string {
  const date = new Date(at)
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${vaultName}-${day}-${two(date.getHours())}${two(date.getMinutes())}${ending}`
}
