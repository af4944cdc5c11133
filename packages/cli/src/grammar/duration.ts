import { Option } from 'commander'
import { UsageError } from '../command.ts'

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const
/** A timer of Node's runs no longer. */
const longestSeconds = 2_147_483

interface Limits {
  /** In seconds. */
  readonly shortest: number
  readonly longest: number
}

const ofTimers: Limits = { shortest: 0, longest: longestSeconds }

/** Seconds of `90`, `90s`, `30m`, `2h`, `1d`; null for anything else. */
export function parseDuration(text: string, { shortest, longest }: Limits = ofTimers): number | null {
  const found = /^(?<count>\d{1,9}(?:\.\d{1,3})?)(?<unit>[smhd]?)$/u.exec(text.trim())?.groups
  if (!found) return null
  const unit = Object.entries(units).find(([name]) => name === found['unit'])?.[1] ?? 1
  const seconds = Number(found['count']) * unit
  return seconds > 0 && seconds >= shortest && seconds <= longest ? seconds : null
}

/** An option that takes how long something lasts; its value is seconds. */
export function durationOption(flags: string, description: string, limits: Limits = ofTimers): Option {
  return new Option(flags, description).argParser((text: string) => {
    const seconds = parseDuration(text, limits)
    if (seconds !== null) return seconds
    const name = flags.replace(/ <.*/u, '')
    throw new UsageError(
      `${name} takes a time such as 90s, 30m, 2h or 1d, ${rangeWords(limits)}, not ${JSON.stringify(text)}.`,
    )
  })
}

function rangeWords({ shortest, longest }: Limits): string {
  const most = `${inUnits(Math.floor(longest / units.d) * units.d)} at most`
  return shortest === 0 ? most : `${inUnits(shortest)} at least, ${most}`
}

/** As it could be written: in the largest unit that it is a whole number of. */
function inUnits(seconds: number): string {
  const [unit, size] = Object.entries(units).findLast(([, of]) => seconds % of === 0) ?? ['s', 1]
  return `${seconds / size}${unit}`
}
