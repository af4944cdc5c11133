import { parseBytes } from '@varve/core/units/parse-bytes'
import { Option } from 'commander'
import { UsageError } from '../command.ts'

/** A size as it is to be, or, with a plus before it, what comes on top. */
export interface GrownSize {
  readonly size: number
  readonly isAdded: boolean
}

export function grownSizeOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string): GrownSize => {
    const isAdded = text.startsWith('+')
    const size = parseBytes(isAdded ? text.slice(1) : text)
    if (size !== null) return { size, isAdded }
    throw new UsageError(
      `${flags.replace(/ <.*/u, '')} takes bytes or a size such as 40G, or +10G for so much more, not ${JSON.stringify(text)}.`,
    )
  })
}
