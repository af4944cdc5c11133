import { DiskError } from '@varve/core/problems/disk-error'
import { keepImage, verifyImage as verify } from '@varve/engine/proofs/verify-image'
import type { VerifyOutcome } from '@varve/operations/actions/verify-image'
import { imageInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'
import { runOptions } from '../run-options.ts'

/** Chunks and ranges that an answer names, at most. */
const mostNamed = 10_000

export const verifyImage = nativeAdapter('verify-image', {
  calls: 'open(2) of the chain for reading, pread(2), BLAKE3 of each 4 MiB',

  async run({ image, inUse, keep }, context): Promise<VerifyOutcome> {
    const { stateFolder } = context.ports
    if (stateFolder === undefined)
      throw new DiskError('refused', {
        file: image.path,
        reason: 'nothing is kept on that host: its agent has no folder for it',
        remedy: 'Start the agent with --data FOLDER.',
      })
    const input = imageInput(image, context.ports)
    const options = { ...runOptions(context), inUse }
    const nothing = { differing: 0, chunks: [], ranges: [], layers: [], filesChanged: [] }
    if (keep) {
      const { proof, found } = await keepImage(input, stateFolder, options)
      const { digest, virtualSize, seconds } = found
      const { provenAt } = proof
      return { state: 'kept', digest, virtualSize, expected: null, provenAt, seconds, ...nothing }
    }
    const { isProven, proof, found, chunks, ranges, places, filesChanged } = await verify(
      input,
      stateFolder,
      options,
    )
    return {
      state: isProven ? 'proven' : 'differs',
      digest: found.digest,
      virtualSize: found.virtualSize,
      expected: proof.digest,
      provenAt: proof.provenAt,
      differing: chunks.length,
      chunks: chunks.slice(0, mostNamed),
      ranges: ranges.slice(0, mostNamed).map((range) => ({ ...range })),
      layers: places.map((place) => ({ ...place, ranges: place.ranges.map((range) => ({ ...range })) })),
      filesChanged: [...filesChanged],
      seconds: found.seconds,
    }
  },
})
