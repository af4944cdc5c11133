import { formatRules } from '@varve/core/image/format-rules'
import { overlayFormatOf } from '@varve/core/formats/writable-formats'
import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { createImage } from '../actions/create-image.ts'
import { createSnapshot } from '../actions/create-snapshot.ts'
import { baseName } from '../actions/path-words.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, step, wholeEstimate, type Plan, type Refusal } from '../plans/plan.ts'
import { publishStep } from '../plans/staged-steps.ts'
import { freshId } from '../plans/wired.ts'
import { hasMachine, planCheckpoint } from '../snapshots/checkpoints.ts'
import { checkStep, closedNeeds } from '../snapshots/check-step.ts'
import type { ExternalFacts } from '../snapshots/facts.ts'
import { formatProblems, layerBelowProblems, newNameProblems, ofNoMachine } from '../snapshots/problems.ts'
import { planSharedCreate } from '../snapshots/shared.ts'
import { SnapshotCreateRequest } from './request.ts'

/** `varve snapshot create`: inside the image, as a file that shares its blocks (raw), or as an overlay beside it. */
export const snapshotCreate = defineOperation<SnapshotCreateRequest, ExternalFacts>({
  name: 'snapshot-create',
  request: SnapshotCreateRequest,
  paths: ['image'],
  plan: (request, facts) =>
    hasMachine(facts)
      ? planCheckpoint(request, facts)
      : request.checkpoint !== undefined
        ? refused([ofNoMachine(facts)])
        : request.kind === 'external'
          ? planExternal(facts)
          : facts.format === 'raw'
            ? planSharedCreate(request.name, facts)
            : planInternal(request, facts),
})

function refused(problems: readonly Problem[]): Refusal {
  return { kind: 'refusal', operation: 'snapshot-create', problems: problems.filter(isBlocking) }
}

function planInternal({ name }: SnapshotCreateRequest, facts: ExternalFacts): Plan | Refusal {
  const { host, path, problems } = facts
  const found = [
    ...formatProblems(facts),
    ...newNameProblems(facts, name),
    ...problems,
    ...layerBelowProblems(facts),
  ]
  if (found.some(isBlocking)) return refused(found)
  const steps = inOrder([
    step(createSnapshot, { id: 'create', host, input: { path, name }, needs: closedNeeds }),
    checkStep(facts),
  ])
  return {
    kind: 'plan',
    operation: 'snapshot-create',
    summary: `Keep the present state of ${baseName(path)} as ${JSON.stringify(name)}`,
    steps,
    warnings: found,
    subjects: [{ host, path }],
    estimate: wholeEstimate(steps),
  }
}

function planExternal(facts: ExternalFacts): Plan | Refusal {
  const { host, path, problems, overlay, virtualSize } = facts
  const format = overlayFormatOf(facts.format)
  const found = [...problems, ...layerBelowProblems(facts), ...overlayProblems(facts)]
  if (format === null || overlay === null || virtualSize === null || found.some(isBlocking))
    return refused(found)
  const image = { target: overlay, format, subformat: null }
  const steps = inOrder([
    step(createImage, {
      id: 'create',
      host,
      input: {
        size: virtualSize,
        image: {
          ...image,
          staging: freshId,
          compression: 'none',
          options: {},
          backing: { path, format: facts.format },
          guest: {},
        },
      },
    }),
    // Its disk is that of the image below: there is nothing of its own to be proven.
    publishStep({ host, by: 'create', image }),
    checkStep({ host, path: overlay, format }),
  ])
  return {
    kind: 'plan',
    operation: 'snapshot-create',
    summary: `Keep ${baseName(path)} as it is, under the overlay ${baseName(overlay)}`,
    steps,
    warnings: [...found, nameChanges(path, overlay)],
    subjects: [path, overlay].map((one) => ({ host, path: one })),
    estimate: wholeEstimate(steps),
  }
}

function overlayProblems(facts: ExternalFacts): Problem[] {
  const { path, format, overlay, isTaken, virtualSize } = facts
  const block = (id: string, message: string, remedy: string): Problem => ({
    id,
    severity: 'block',
    layer: 'L2',
    file: path,
    message: `L2 ${quote(path)}: ${message}`,
    remedy,
  })
  const { label } = formatRules[format]
  return [
    ...(overlayFormatOf(facts.format) === null
      ? [
          block(
            'overlay-not-written',
            `Varve does not write ${label} as an overlay of another image`,
            'Convert it to qcow2 first, or let the program that owns the image make the snapshot.',
          ),
        ]
      : []),
    ...(virtualSize === null
      ? [block('unknown-size', 'the size of its disk is not known', 'Check it: varve check.')]
      : []),
    ...(isTaken && overlay !== null
      ? [block('target-exists', `${quote(overlay)} is there already`, 'Choose another name.')]
      : []),
  ]
}

function nameChanges(path: string, overlay: string): Problem {
  return {
    id: 'name-changes',
    severity: 'warn',
    layer: 'L7',
    file: path,
    message: `Machines must use ${quote(overlay)} from then on: what one writes to ${quote(path)} itself breaks the overlay.`,
    remedy:
      'Change the disk of each machine that has it before it starts again. To go back, use the image itself; to merge, varve chain commit or varve chain flatten.',
  }
}
