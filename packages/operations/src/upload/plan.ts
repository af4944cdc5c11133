import { formatBytes } from '@varve/core/units/format-bytes'
import { formatRules } from '@varve/core/image/format-rules'
import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import { proveUpload } from '../actions/prove-upload.ts'
import { publishImage } from '../actions/publish-image.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, readingEstimate, step, wholeEstimate, type Plan, type Refusal } from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import type { UploadFacts } from './facts.ts'
import { UploadRequest } from './request.ts'

/** Proves a file that was uploaded and gives it its name; what it is was looked at before. */
export const uploadOperation = defineOperation<UploadRequest, UploadFacts>({
  name: 'upload',
  request: UploadRequest,
  paths: ['target'],
  plan: planUpload,
})

function planUpload(request: UploadRequest, facts: UploadFacts): Plan | Refusal {
  const { target, id, size, digest } = request
  const { host, image } = facts
  const refusals = [...facts.problems, ...arrivalProblems(request, facts)]
  if (refusals.length > 0) return { kind: 'refusal', operation: 'upload', problems: refusals }
  const steps = inOrder([
    step(proveUpload, {
      id: 'prove',
      host,
      input: { target, staging: id, size, digest },
      estimate: readingEstimate(size),
    }),
    step(publishImage, {
      id: 'publish',
      host,
      // One file gets one name, whatever its format.
      input: {
        target,
        staging: id,
        format: 'raw',
        subformat: null,
        file: from('prove', 'file'),
        durability: 'synced',
      },
    }),
  ])
  const what = image === null ? '' : `, ${formatRules[image.format].label}`
  return {
    kind: 'plan',
    operation: 'upload',
    summary: `Take ${baseName(target)}${what} (${formatBytes(size)}) into the library`,
    steps,
    warnings: facts.found.map(asWarning),
    subjects: [{ host, path: target }],
    estimate: wholeEstimate(steps),
  }
}

function arrivalProblems({ target, size }: UploadRequest, { arrived, isTaken }: UploadFacts): Problem[] {
  if (isTaken) return [problemFromError(new DiskError('target-exists', { file: target }))]
  if (arrived === null)
    return [
      problemFromError(
        new DiskError('refused', {
          file: target,
          reason: 'nothing that was uploaded is there',
          remedy: 'Upload it again.',
        }),
      ),
    ]
  if (arrived === size) return []
  const wanted = { file: target, structure: 'the upload', wanted: size, available: arrived }
  return [problemFromError(new DiskError('truncated', { ...wanted, instead: 'Go on with the upload.' }))]
}

/** Nothing of it is read yet: what would refuse to open it is a reason to ask, not to throw it away. */
function asWarning(problem: Problem): Problem {
  return problem.severity === 'block' ? { ...problem, severity: 'warn' } : problem
}
