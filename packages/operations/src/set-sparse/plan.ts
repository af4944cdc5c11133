import { isBlocking, problemFromError, type Problem } from '@varve/core/problems/problem'
import { DiskError, quote } from '@varve/core/problems/disk-error'
import { digestImage } from '../actions/digest-image.ts'
import { baseName } from '../actions/path-words.ts'
import { proveUnchanged } from '../actions/prove-unchanged.ts'
import { setSparse } from '../actions/set-sparse.ts'
import { blocking } from '../blocking.ts'
import type { DistributionDiskFacts, OfDistribution } from '../distributions/facts.ts'
import { isSince, ofWslProblems } from '../distributions/problems.ts'
import { dependentsProblem, useProblems } from '../image-files-problems.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, readingEstimate, step, wholeEstimate } from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import { SetSparseRequest } from './request.ts'

/** `varve wsl sparse`: the file of a distribution's disk gives back what is discarded, or becomes a plain one that others open. */
export const setSparseOperation = defineOperation<SetSparseRequest, DistributionDiskFacts>({
  name: 'set-sparse',
  request: SetSparseRequest,
  paths: ['image'],
  plan({ isSparse }, facts) {
    const { host, path, format, bytes, ofWsl } = facts
    const problems = sparseProblems(facts, isSparse)
    if (ofWsl === null || problems.some(isBlocking))
      return { kind: 'refusal', operation: 'set-sparse', problems: problems.filter(isBlocking) }
    const image = { path, format, reading: {} }
    const estimate = readingEstimate(bytes)
    const steps = inOrder([
      step(digestImage, { id: 'digest', host, input: { image, inUse: 'refuse', sha256: false }, estimate }),
      step(setSparse, {
        id: 'set',
        host,
        input: { image: path, distribution: ofWsl.name, isSparse, isUnsafe: isSparse && isHeldUnsafe(ofWsl) },
        needs: ['the distribution does not run'],
      }),
      step(proveUnchanged, {
        id: 'prove',
        host,
        input: { image, digest: from('digest', 'digest') },
        estimate,
      }),
    ])
    return {
      kind: 'plan',
      operation: 'set-sparse',
      summary: `Make ${baseName(path)} of ${ofWsl.name} ${isSparse ? 'a sparse file' : 'a plain file'}`,
      steps,
      warnings: problems,
      subjects: [{ host, path }],
      estimate: wholeEstimate(steps),
    }
  },
})

/** From 2.5 on WSL has it switched off unless `--allow-unsafe` is said (microsoft/WSL#13075). */
const isHeldUnsafe = ({ wsl }: OfDistribution) => isSince(wsl, [2, 5])

function sparseProblems(facts: DistributionDiskFacts, isSparse: boolean): Problem[] {
  const { path, ofWsl } = facts
  return [
    ...ofWslProblems(path, ofWsl, { layer: 'L1', does: 'makes sparse', since: [2, 0] }),
    ...useProblems(facts),
    ...dependentsProblem(facts),
    ...(ofWsl?.isSparse === isSparse ? [alreadySo(path, isSparse)] : []),
    ...(isSparse ? [unsafe(path)] : roomProblems(facts)),
  ]
}

function alreadySo(file: string, isSparse: boolean): Problem {
  return blocking(file, {
    id: 'already-so',
    layer: 'L1',
    why: `its file is ${isSparse ? 'sparse' : 'a plain one'} already`,
    remedy: 'Nothing is to be done.',
  })
}

function unsafe(file: string): Problem {
  return {
    id: 'sparse-unsafe',
    severity: 'warn',
    asks: true,
    layer: 'L1',
    file,
    message: `L1 ${quote(file)}: WSL itself holds sparse disks to be unsafe: data of distributions were damaged; Hyper-V and diskpart open no such file either`,
    remedy:
      'Leave it a plain file and compact it now and then (varve reclaim --in-place); or consent with --accept sparse-unsafe.',
  }
}

/** A file without holes takes all of its size. */
function roomProblems({ path, bytes, free, allocated }: DistributionDiskFacts): Problem[] {
  const wanted = bytes - (allocated ?? 0)
  if (free === null || wanted <= free) return []
  return [problemFromError(new DiskError('no-space', { file: path, wanted, available: free }))]
}
