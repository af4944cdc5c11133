import { isRecognisedAs } from '../../image/detect-format.ts'
import { factsOrProblem } from '../../image/facts-or-problem.ts'
import type { FormatDriver } from '../../image/format-driver.ts'
import { checkAsif } from './check.ts'
import { readAsifMetadata } from './metadata.ts'
import { openAsif } from './reader.ts'

/** ASIF: sparse images of macOS 26. */
export const asifDriver: FormatDriver = {
  format: 'asif',
  recognises: (ends) => isRecognisedAs('asif', ends),
  inspect: (file) =>
    factsOrProblem('asif', async () => {
      const { header, virtualSize, chunkSize, sequence, uuid, tables } = await readAsifMetadata(file)
      return {
        subformat: `version ${header.version}`,
        virtualSize,
        clusterSize: chunkSize,
        identity: { kind: 'uuid', uuid },
        details: {
          blockSize: header.blockSize,
          maxSectorCount: header.maxSectorCount,
          flags: header.flags,
          sequence,
          tables: tables.length,
        },
      }
    }),
  check: checkAsif,
  async openLayer(file) {
    return { disk: openAsif(file, await readAsifMetadata(file)), parts: [], async [Symbol.asyncDispose]() {} }
  },
}
