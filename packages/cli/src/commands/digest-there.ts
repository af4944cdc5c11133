import { formatBytes } from '@varve/core/binary/format-bytes'
import { digestImage } from '@varve/operations/actions/digest-image'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { imageThere, inUseThere, readOnHost, type ReadOnHostOptions } from '../operations/read-on-host.ts'
import { groupDigest } from '../output/text.ts'

/** `varve digest FILE --host HOST`. */
export async function digestThere(
  file: string,
  options: ReadOnHostOptions & { readonly sha256?: boolean },
  context: CommandContext,
): Outcome {
  const request = {
    image: imageThere(file, options),
    inUse: inUseThere(options.accept),
    sha256: options.sha256 === true,
  }
  return await readOnHost({ operation: 'digest', request }, options, context, (result) => {
    const { digest, sha256, virtualSize, dataBytes, seconds } = digestImage.outcome.parse(result)
    const known = sha256 === null ? {} : { sha256 }
    if (context.json) context.print(JSON.stringify({ virtualSize, digest, ...known, dataBytes, seconds }))
    else {
      context.print(`digest  ${groupDigest(digest)}`)
      if (sha256 !== null) context.print(`sha256  ${sha256}`)
      context.print(
        `${formatBytes(virtualSize)} disk, ${formatBytes(dataBytes)} data read in ${seconds.toFixed(2)} s`,
      )
    }
    return exitCodes.ok
  })
}
