import { formatBytes } from '@varve/core/units/format-bytes'
import { clearVolume } from '../actions/clear-volume.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, noEstimate, refusalOf, step } from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import type { VolumeFacts } from '../volumes/facts.ts'
import { choiceProblems } from '../volumes/choice-problems.ts'
import { hostProblems, volumeOf } from '../volumes/host-problems.ts'
import { roundedRemark } from '../volumes/remarks.ts'
import { shapeOf } from '../volumes/room.ts'
import { madeBy, makeStep, nameStep, proveStep } from '../volumes/steps.ts'
import { CreateVolumeRequest } from './request.ts'

export interface CreateVolumeFacts extends VolumeFacts {
  /** The digest of a disk of the size that holds nothing. */
  readonly blank: string
}

/** Makes a volume that reads as zeros. */
export const createVolume = defineOperation<CreateVolumeRequest, CreateVolumeFacts>({
  name: 'create-volume',
  request: CreateVolumeRequest,
  paths: [],
  plan(request, facts) {
    const { target, size: virtualSize, pool, sparse } = request
    const refusal = refusalOf('create-volume')
    const volume = volumeOf(target)
    if ('severity' in volume) return refusal([volume])
    const problems = [...choiceProblems(volume, request), ...hostProblems(target, facts)]
    if (problems.length > 0 || facts.places === null) return refusal(problems)
    const wanted = { volume, virtualSize, pool, sparse, dataBytes: 0 }
    const found = shapeOf(wanted, facts.places)
    if ('problems' in found) return refusal(found.problems)
    const { shape } = found
    const { host, blank } = facts
    const make = makeStep(host, wanted, shape)
    // What is cleared is the whole volume; a blank one reads as zeros without a write.
    const clear = step(clearVolume, {
      id: 'clear',
      host,
      input: { ...madeBy(volume), virtualSize },
      estimate: { bytes: shape.size, seconds: null },
    })
    const filled = { host, volume, virtualSize, holds: shape.isBlank ? blank : from('clear', 'digest') }
    return {
      kind: 'plan',
      operation: 'create-volume',
      summary: `Create ${target}, ${pool === null && !sparse ? '' : 'thin, '}${formatBytes(virtualSize)}`,
      steps: inOrder([make, ...(shape.isBlank ? [] : [clear, proveStep(filled)]), nameStep(filled)]),
      warnings: roundedRemark(target, virtualSize, shape.size),
      subjects: [{ host, path: target }],
      estimate: shape.isBlank ? noEstimate : { bytes: 2 * shape.size, seconds: null },
    }
  },
})
