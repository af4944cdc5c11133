import { isDiskError } from '../../problems/disk-error.ts'
import { problemFromError, type Problem } from '../../problems/problem.ts'
import { isRecognisedAs } from '../../image/detect-format.ts'
import { factsOrProblem } from '../../image/facts-or-problem.ts'
import type { FormatDriver } from '../../image/format-driver.ts'
import type { Codecs } from '../../image/image-files.ts'
import { checkUdif } from './check.ts'
import { readUdifMetadata, type UdifMetadata } from './metadata.ts'
import { openUdif } from './reader.ts'
import { decodersOf } from './unpack.ts'

/** UDIF: compressed and read-only disk images of macOS. A `.dmg` without a trailer is raw. */
export const udifDriver: FormatDriver = {
  format: 'udif',
  recognises: (ends) => isRecognisedAs('udif', ends),
  inspect: (file, { codecs }) =>
    factsOrProblem('udif', async () => {
      const metadata = await readUdifMetadata(file)
      const { trailer, subformat, virtualSize, identity, runs, hasLicence } = metadata
      return {
        subformat,
        virtualSize,
        identity,
        details: {
          variant: trailer.imageVariant === 2 ? 'partition' : 'device',
          runs: runs.length,
          dataForkLength: trailer.dataForkLength,
          flags: trailer.flags,
          licenceAgreement: hasLicence,
        },
        problems: [...metadata.problems, ...missingDecoders(metadata, codecs, file.path)],
      }
    }),
  check: checkUdif,
  async openLayer(file, { codecs }) {
    const disk = openUdif(file, await readUdifMetadata(file), codecs)
    return { disk, parts: [], async [Symbol.asyncDispose]() {} }
  },
}

function missingDecoders({ kinds }: UdifMetadata, codecs: Codecs, file: string): Problem[] {
  try {
    decodersOf(kinds, codecs, file)
    return []
  } catch (error) {
    if (isDiskError(error)) return [problemFromError(error)]
    throw error
  }
}
