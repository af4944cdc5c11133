import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { digestImage } from '../actions/digest-image.ts'
import { moveDistribution } from '../actions/move-distribution.ts'
import { baseName } from '../actions/path-words.ts'
import { proveUnchanged } from '../actions/prove-unchanged.ts'
import { blocking } from '../blocking.ts'
import type { OfDistribution } from '../distributions/facts.ts'
import { ofWslProblems } from '../distributions/problems.ts'
import { dependentsProblem, remarks, useProblems } from '../image-files-problems.ts'
import { inOrder, readingEstimate, step, wholeEstimate, type Plan, type Refusal } from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import type { MoveFacts } from './facts.ts'
import { roomProblems, takenProblems } from './problems.ts'

/** The disk of a distribution goes with what WSL knows of it: moved by anybody else, the distribution would not find it. */
export function planByWsl(facts: MoveFacts, ofWsl: OfDistribution): Plan | Refusal {
  const { host, path, target, format, bytes } = facts
  const problems = [
    ...ofWslProblems(path, ofWsl, { layer: 'L1', does: 'moves', since: [2, 3] }),
    ...takenProblems(facts),
    ...nameProblems(facts),
    ...useProblems(facts),
    ...dependentsProblem(facts),
    ...roomProblems(facts),
    ...remarks({ ...facts, elsewhere: [] }),
    ...(facts.isOneFilesystem ? [] : [notKept(path)]),
  ]
  if (problems.some(isBlocking))
    return { kind: 'refusal', operation: 'move', problems: problems.filter(isBlocking) }
  const { name } = ofWsl
  const estimate = readingEstimate(bytes)
  const image = { path, format, reading: {} }
  const steps = inOrder([
    step(digestImage, { id: 'digest', host, input: { image, inUse: 'refuse', sha256: false }, estimate }),
    step(moveDistribution, {
      id: 'move',
      host,
      input: { image: path, target, distribution: name },
      needs: ['the distribution does not run'],
    }),
    step(proveUnchanged, {
      id: 'prove',
      host,
      input: { image: { ...image, path: target }, digest: from('digest', 'digest') },
      estimate,
    }),
  ])
  return {
    kind: 'plan',
    operation: 'move',
    summary: `Move the disk of ${name} to ${target}, by WSL`,
    steps,
    warnings: problems,
    subjects: [
      { host, path },
      { host, path: target, from: { host, path } },
    ],
    estimate: wholeEstimate(steps),
  }
}

function nameProblems({ path, target }: MoveFacts): Problem[] {
  if (baseName(path).toLowerCase() === baseName(target).toLowerCase()) return []
  return [
    blocking(target, {
      id: 'only-a-folder',
      layer: 'L1',
      why: `WSL moves the disk of a distribution to another folder and keeps its name, ${quote(baseName(path))}`,
      remedy: 'Say the folder only.',
    }),
  ]
}

function notKept(file: string): Problem {
  return {
    id: 'original-not-kept',
    severity: 'warn',
    asks: true,
    layer: 'L1',
    file,
    message: `L1 ${quote(file)}: WSL copies it to the other drive and removes it here itself; nothing of before is kept`,
    remedy: 'Take a clone before, or consent with --accept original-not-kept.',
  }
}
