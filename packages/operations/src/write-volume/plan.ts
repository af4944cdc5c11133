import { isBlocking } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { sourceName } from '../actions/path-words.ts'
import { writeVolume as writeAction } from '../actions/write-volume.ts'
import { snapshotFinding, sourceFindings } from '../convert/copy-findings.ts'
import type { SourceFacts } from '../convert/facts.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, refusalOf, step } from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import { choiceProblems } from '../volumes/choice-problems.ts'
import type { VolumeFacts } from '../volumes/facts.ts'
import { hostProblems, volumeOf } from '../volumes/host-problems.ts'
import { roundedRemark } from '../volumes/remarks.ts'
import { shapeOf } from '../volumes/room.ts'
import { madeBy, makeStep, nameStep, proveStep } from '../volumes/steps.ts'
import { WriteVolumeRequest } from './request.ts'

export interface WriteVolumeFacts extends VolumeFacts {
  /** Null: it cannot be looked at, see `problems`. */
  readonly source: SourceFacts | null
  /** What is read of it, and written at most; null: as `source`. */
  readonly measure: { readonly virtualSize: number; readonly chunkBytes: number } | null
}

/** Writes the disk of an image into a new volume, raw; the source is only read. */
export const writeVolume = defineOperation<WriteVolumeRequest, WriteVolumeFacts>({
  name: 'write-volume',
  request: WriteVolumeRequest,
  paths: ['source.path'],
  plan(request, facts) {
    const { source: address, target, pool, sparse, inUse, verify, snapshots, expected } = request
    const { host, source, measure, places } = facts
    const refusal = refusalOf('write-volume')
    const volume = volumeOf(target)
    if ('severity' in volume) return refusal([volume])
    const problems = [...choiceProblems(volume, request), ...hostProblems(target, facts)]
    if (problems.some(isBlocking) || !source || !measure || places === null) return refusal(problems)
    const { virtualSize, chunkBytes } = measure
    const wanted = { volume, virtualSize, pool, sparse, dataBytes: chunkBytes }
    const found = shapeOf(wanted, places)
    if ('problems' in found) return refusal(found.problems)
    const { shape } = found
    const bytes = shape.isBlank ? chunkBytes : shape.size
    const estimate = { bytes, seconds: null }
    const write = step(writeAction, {
      id: 'write',
      host,
      input: { ...madeBy(volume), source: address, inUse, pool, isBlank: shape.isBlank },
      estimate,
    })
    const filled = { host, volume, virtualSize, holds: expected ?? from('write', 'digest') }
    const asked = snapshotFinding(source, snapshots)
    return {
      kind: 'plan',
      operation: 'write-volume',
      summary: `Write ${sourceName(address.path)} (${formatBytes(virtualSize)}) into ${target}${pool === null && !sparse ? '' : ', thin'}`,
      steps: inOrder([
        makeStep(host, wanted, shape),
        write,
        ...(verify ? [proveStep(filled, estimate)] : []),
        nameStep(filled),
      ]),
      warnings: [
        ...problems,
        ...sourceFindings(source),
        ...(asked ? [asked] : []),
        ...roundedRemark(target, virtualSize, shape.size),
      ],
      subjects: [{ host, path: target }],
      estimate: { bytes: verify ? 2 * bytes : bytes, seconds: null },
    }
  },
})
