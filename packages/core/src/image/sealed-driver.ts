import { DiskError } from '../problems/disk-error.ts'
import { noFacts } from './facts-or-problem.ts'
import type { FormatDriver } from './format-driver.ts'
import type { FormatName } from './format-rules.ts'

/** The driver of a packed image that is not unpacked here: nothing is known but its name, and nothing is read. */
export function sealedDriver(format: FormatName): FormatDriver {
  return {
    format,
    obeys: ['snapshot', 'disk'],
    recognises: () => false,
    inspect: async () => noFacts(format),
    async openLayer({ path }) {
      const reason = 'it is packed, and is not unpacked to be read here'
      throw new DiskError('refused', { file: path, reason, remedy: 'Unpack it first.' })
    },
  }
}
