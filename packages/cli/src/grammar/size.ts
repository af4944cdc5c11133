import { parseBytes } from '@varve/core/units/parse-bytes'
import { Option } from 'commander'
import { UsageError } from '../command.ts'

/** An option that takes a size, such as `--size <size>`; its value is bytes. */
export function sizeOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string) => {
    const bytes = parseBytes(text)
    if (bytes !== null) return bytes
    const name = flags.replace(/ <.*/u, '')
    throw new UsageError(
      `${name} takes bytes or a size such as 40G, 512M or 1.5T, not ${JSON.stringify(text)}.`,
    )
  })
}
