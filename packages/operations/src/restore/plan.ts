import { formatBytes } from '@varve/core/units/format-bytes'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import { restoreImage } from '../actions/restore-image.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, noEstimate, step } from '../plans/plan.ts'
import type { EntryFacts } from './facts.ts'
import { RestoreRequest } from './request.ts'

/** Brings an image back to where it was, never over another file. */
export const restoreOperation = defineOperation<RestoreRequest, EntryFacts>({
  name: 'restore',
  request: RestoreRequest,
  paths: ['folders'],
  plan(_request, { host, id, why, image, bytes, taken }) {
    if (taken.length > 0)
      return { kind: 'refusal', operation: 'restore', problems: taken.map((path) => takenProblem(path)) }
    return {
      kind: 'plan',
      operation: 'restore',
      summary: `Restore ${baseName(image)} (${formatBytes(bytes)}) from quarantine ${id}`,
      steps: inOrder([
        step(restoreImage, { id: 'restore', host, input: { quarantine: id, at: image, why } }),
      ]),
      warnings: [],
      subjects: [{ host, path: image }],
      estimate: noEstimate,
    }
  },
})

function takenProblem(path: string): Problem {
  return {
    id: 'target-exists',
    severity: 'block',
    layer: 'L1',
    file: path,
    message: `L1 ${quote(path)}: there is another file of that name now`,
    remedy: 'Rename or delete that one first.',
  }
}
