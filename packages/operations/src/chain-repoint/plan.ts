import type { Problem } from '@varve/core/problems/problem'
import { isBlocking } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import { hyperVProblems, stepsByHyperV } from './by-hyper-v.ts'
import { proveSameDisk } from '../actions/prove-same-disk.ts'
import { repointParent } from '../actions/repoint-parent.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, step, wholeEstimate, type DraftStep, type Plan, type Refusal } from '../plans/plan.ts'
import { freshId } from '../plans/wired.ts'
import type { ChainRepointFacts } from './facts.ts'
import { ChainRepointRequest } from './request.ts'

/** `varve chain repoint`: another name for the parent, after it is proven to hold the old one's disk. */
export const chainRepoint = defineOperation<ChainRepointRequest, ChainRepointFacts>({
  name: 'chain-repoint',
  request: ChainRepointRequest,
  paths: ['image', 'parent'],
  plan: planChainRepoint,
})

type Possible = NonNullable<ChainRepointFacts['repoint']>

export function planChainRepoint(request: ChainRepointRequest, facts: ChainRepointFacts): Plan | Refusal {
  const { host, repoint } = facts
  const problems = [...facts.problems, ...(request.by === 'hyper-v' ? hyperVProblems(request, facts) : [])]
  if (repoint === null || problems.some(isBlocking))
    return { kind: 'refusal', operation: chainRepoint.name, problems: [...problems] }
  const { image, parent, bytes } = repoint
  const isProven = request.proof === 'wanted' && 'path' in repoint.old
  const { by, parentFormat: format } = request
  const steps = bytes === 0 ? [] : inOrder(stepsOf(repoint, { host, isProven, format, by }))
  return {
    kind: 'plan',
    operation: chainRepoint.name,
    summary: `Name ${baseName(parent.path)} as the parent of ${baseName(image.path)}`,
    steps,
    warnings: [
      ...problems,
      ...(bytes === 0 ? [alreadySo(repoint)] : [onlyTheName(repoint)]),
      ...(bytes === 0 || isProven ? [] : [unproven(repoint)]),
    ],
    subjects: [image, parent].map(({ path }) => ({ host, path })),
    estimate: wholeEstimate(steps),
  }
}

interface Stepping {
  readonly host: string
  readonly isProven: boolean
  readonly format: ChainRepointRequest['parentFormat']
  readonly by: ChainRepointRequest['by']
}

function stepsOf(possible: Possible, stepping: Stepping): DraftStep[] {
  const { parent, old } = possible
  const { host, isProven, by } = stepping
  const rewrite = by === 'hyper-v' ? stepsByHyperV(possible, host) : [ownStep(possible, stepping)]
  if (!isProven || !('path' in old)) return rewrite
  const size = parent.virtualSize
  const proof = step(proveSameDisk, {
    id: 'prove',
    host,
    input: {
      first: { path: old.path, format: old.format, reading: {} },
      second: { path: parent.path, format: parent.format, reading: {} },
    },
    estimate: { bytes: size === null ? null : 2 * size, seconds: null },
  })
  return [proof, ...rewrite]
}

function ownStep({ image, parent, bytes }: Possible, { host, format }: Stepping): DraftStep {
  return step(repointParent, {
    id: 'repoint',
    host,
    input: { path: image.path, parent: { path: parent.path, format }, undo: freshId },
    needs: ['nobody has the image open'],
    estimate: { bytes, seconds: 1 },
  })
}

function onlyTheName({ image, says }: Possible): Problem {
  return {
    id: 'only-name-changes',
    severity: 'info',
    layer: 'L2',
    file: image.path,
    message: `Only the name of its parent changes, no byte of the guest is moved. ${says.join(' ')}`,
    remedy: 'To make it fit a parent of other content, use varve chain rebase.',
  }
}

function alreadySo({ image, parent }: Possible): Problem {
  return {
    id: 'named-already',
    severity: 'info',
    layer: 'L2',
    file: image.path,
    message: `It names ${baseName(parent.path)} as its parent already: nothing is to be done.`,
    remedy: 'Look at the chain with varve chain show.',
  }
}

function unproven({ image, parent, old }: Possible): Problem {
  const why =
    'missing' in old ? `its old parent is not there to compare it with (${old.missing})` : 'somebody said so'
  return {
    id: 'parent-unproven',
    severity: 'warn',
    layer: 'L3',
    file: image.path,
    message: `That ${baseName(parent.path)} holds the disk of the old parent is not proven: ${why}. If it does not, the guest of ${baseName(image.path)} reads wrong bytes.`,
    remedy: 'Accept it by name only when you know where the new parent comes from.',
    asks: true,
  }
}
