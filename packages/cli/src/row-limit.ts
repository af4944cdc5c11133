import { UsageError } from './command.ts'

/** A count of rows as written on the command line, or `all` where there is no limit to them. */
export function rowLimit(text: string, most = Infinity): number {
  if (text === 'all' && most === Infinity) return most
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit
  throw new UsageError(
    most === Infinity
      ? '--limit takes a whole number, or all.'
      : `--limit takes a whole number from 1 to ${most}.`,
  )
}
