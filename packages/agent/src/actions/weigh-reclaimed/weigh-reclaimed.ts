import { DiskError, renamedIn } from '@varve/core/problems/disk-error'
import { weighReclaimed as weigh } from '@varve/core/layers/weigh-reclaimed'
import { nodePorts } from '@varve/engine/ports/ports'
import { openStaging } from '@varve/engine/staging/staging'
import { gainsOf } from '@varve/operations/actions/reclaim-survey'
import { assertTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'

/** Opens the image and the one that was written for it, and compares what both take; refused when nothing is won. */
export const weighReclaimed = nativeAdapter('weigh-reclaimed', {
  calls:
    'open(2) of both for reading, pread(2) of their tables and of the bitmaps of their filesystems, fstat(2)',

  async run({ original, image, predicted }, { ports, signal }) {
    await assertTarget(ports, image.target)
    const staging = openStaging(image)
    const { before, after, free, zeros } = await weigh(
      original,
      { path: staging.path, format: image.format },
      nodePorts({ roots: ports.roots, io: 'async' }),
      { signal },
    ).catch((error: unknown) => {
      throw renamedIn(error, staging.hidden, image.target)
    })
    const foreseen = new Map(predicted.map(({ kind, bytes }) => [kind, bytes]))
    const layers = gainsOf({ free: Math.max(0, free), zeros, before, after }).map(
      ({ layer, kind, bytes }) => ({
        layer,
        kind,
        predicted: foreseen.get(kind) ?? null,
        actual: bytes,
      }),
    )
    const isLighter = layers.some(
      ({ kind, actual }) => (kind === 'host' || kind === 'container') && (actual ?? 0) > 0,
    )
    if (!isLighter)
      throw new DiskError('refused', {
        file: image.target,
        reason:
          'written anew it takes as much as before: nothing is given back, and the original stays in its place',
        remedy: 'Nothing is to be done.',
        finding: 'nothing-to-reclaim',
      })
    return { before, after, layers }
  },
})
