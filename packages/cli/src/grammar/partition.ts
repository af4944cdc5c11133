import { Option } from 'commander'
import { UsageError } from '../command.ts'

/** `--partition <number>`, whose value is a number, or `none`. */
export function partitionOption(description: string): Option {
  return new Option('--partition <number>', description).argParser(partitionOf)
}

function partitionOf(text: string): number | 'none' {
  if (text === 'none') return text
  const number = Number(text)
  if (/^\d{1,3}$/u.test(text) && number > 0) return number
  throw new UsageError(`--partition takes a number, or none, not ${JSON.stringify(text)}.`)
}
