import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import { setAside } from '../actions/set-aside.ts'
import type { ChainCommitFacts, ReplacedFacts } from '../chain-change/facts.ts'
import { noParent, refusal, replaceProblems } from '../chain-change/problems.ts'
import { newInPlace } from '../chain-change/steps.ts'
import { dependentsProblem, remarks, useProblems } from '../image-files-problems.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, step, wholeEstimate } from '../plans/plan.ts'
import { freshId } from '../plans/wired.ts'
import { ChainCommitRequest } from './request.ts'

/** `varve chain commit`: the parent gets the image's disk, and the image goes into quarantine. */
export const chainCommit = defineOperation<ChainCommitRequest, ChainCommitFacts>({
  name: 'chain-commit',
  request: ChainCommitRequest,
  paths: ['image'],
  plan(_request, facts) {
    const { host, image, chain, parent } = facts
    const [own, below, base] = chain
    const found = problemsOf(facts)
    if (!own || !below || !parent || found.some(isBlocking))
      return { kind: 'refusal', operation: 'chain-commit', problems: found.filter(isBlocking) }
    const steps = inOrder([
      ...newInPlace({
        host,
        source: own,
        target: below,
        path: parent.path,
        backing: base ?? null,
        isSameDisk: false,
      }),
      step(setAside, {
        id: 'set-aside',
        host,
        input: { path: image.path, quarantine: freshId, why: 'deleted', only: null },
      }),
    ])
    return {
      kind: 'plan',
      operation: 'chain-commit',
      summary: `Give ${baseName(parent.path)} the disk of ${baseName(image.path)}, which goes into quarantine`,
      steps,
      warnings: [...found, nameChanges(facts, parent)],
      subjects: chain.map(({ path }) => ({ host, path })),
      estimate: wholeEstimate(steps),
    }
  },
})

function problemsOf({ image, chain, parent, problems }: ChainCommitFacts): Problem[] {
  const [own, below, base] = chain
  if (!own || !below || !parent) return own && problems.length === 0 ? [noParent(own)] : [...problems]
  const files = new Set([image.path, own.path])
  const others = parent.children.filter((path) => !files.has(path))
  const withoutOwn = { ...parent, keepers: parent.keepers.filter((path) => !files.has(path)) }
  return [
    ...problems,
    ...dependentsProblem(image),
    ...useProblems(image),
    ...remarks(image),
    ...siblingProblems(parent, others),
    ...replaceProblems(withoutOwn, {
      own: below,
      virtualSize: own.virtualSize,
      isSameDisk: false,
      below: base ?? null,
    }),
  ]
}

function siblingProblems({ path }: ReplacedFacts, others: readonly string[]): Problem[] {
  if (others.length === 0) return []
  const named = others.slice(0, 5).map((one) => quote(one))
  return [
    refusal({
      id: 'has-dependents',
      file: path,
      message: `other images stand on it, whose guests would see its disk change: ${named.join(', ')}${others.length > 5 ? ` and ${others.length - 5} more` : ''}`,
      remedy: 'Flatten or rebase those first, or flatten the image instead: varve chain flatten.',
      details: { dependents: others },
    }),
  ]
}

function nameChanges({ image }: ChainCommitFacts, parent: ReplacedFacts): Problem {
  return {
    id: 'name-changes',
    severity: 'info',
    layer: 'L7',
    file: image.path,
    message: `Machines that use ${quote(image.path)} must use ${quote(parent.path)} from then on.`,
    remedy: 'Change the disk of each machine that has it.',
  }
}
