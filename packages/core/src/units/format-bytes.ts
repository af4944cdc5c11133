const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** A size for people, in IEC units with three significant digits: `18.1 GiB`, `512 B`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (unit < units.length - 1 && (value >= 1024 || (unit > 0 && Number(threeDigits(value)) >= 1024))) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${units[unit]}`
}

/** From this on people weigh a number of bytes; below it they count. */
const weighed = 10_000_000

/** A number of bytes inside a sentence: `512 bytes`, `18.1 GiB`. */
export function bytesInWords(bytes: number): string {
  return bytes < weighed ? `${bytes} bytes` : formatBytes(bytes)
}

/** A size that is a whole number of some unit without digits after the point, such as a cluster size: `64 KiB`, `32 GiB`. */
export function formatWholeBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (unit < units.length - 1 && value >= 1024 && value % 1024 === 0) {
    value /= 1024
    unit += 1
  }
  return value < 1024 ? `${value} ${units[unit]}` : formatBytes(bytes)
}

/** A rate for people, in MB/s (10^6) with three significant digits: `412 MB/s`, `1,240 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  const value = bytesPerSecond / 1e6
  if (value >= 1000) return `${groupThousands(Math.round(value))} MB/s`
  return `${threeDigits(value)} MB/s`
}

const parts = [
  { seconds: 86_400, name: 'day' },
  { seconds: 3600, name: 'hour' },
  { seconds: 60, name: 'minute' },
  { seconds: 1, name: 'second' },
] as const

/** A duration in words, two parts at most, what is smaller cut off: `2 hours 5 minutes`, `less than a second`. */
export function formatDuration(seconds: number): string {
  if (seconds < 1) return 'less than a second'
  const whole = Math.round(seconds)
  const first = parts.findIndex((part) => whole >= part.seconds)
  const [major, minor] = [parts[first], parts[first + 1]]
  if (!major) return 'less than a second'
  const count = Math.floor(whole / major.seconds)
  const rest = minor ? Math.floor((whole % major.seconds) / minor.seconds) : 0
  return rest > 0 && minor
    ? `${countOf(count, major.name)} ${countOf(rest, minor.name)}`
    : countOf(count, major.name)
}

/** `1 partition`, `3 partitions`, `1,000 clusters`: for nouns whose plural ends in s. */
export function countOf(count: number, noun: string): string {
  return `${groupThousands(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A whole number with commas between groups of three digits. */
export function groupThousands(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/gu, ',')
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0)
  return value.toFixed(value >= 9.995 ? 1 : 2)
}
