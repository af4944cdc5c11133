import { isBlocking } from '@varve/core/problems/problem'
import { quote } from '@varve/core/problems/disk-error'
import { applySnapshot } from '../actions/apply-snapshot.ts'
import { createSnapshot } from '../actions/create-snapshot.ts'
import { baseName } from '../actions/path-words.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, step, wholeEstimate } from '../plans/plan.ts'
import { hasMachine, planApplyCheckpoint } from '../snapshots/checkpoints.ts'
import { checkStep, closedNeeds } from '../snapshots/check-step.ts'
import type { SnapshotFacts } from '../snapshots/facts.ts'
import { formatProblems, meantSnapshot } from '../snapshots/problems.ts'
import { hasSharedSnapshots, planSharedApply } from '../snapshots/shared.ts'
import { SnapshotApplyRequest } from './request.ts'

/** `varve snapshot apply`: the present state is kept as a snapshot of its own first. */
export const snapshotApply = defineOperation<SnapshotApplyRequest, SnapshotFacts>({
  name: 'snapshot-apply',
  request: SnapshotApplyRequest,
  paths: ['image'],
  plan({ name: wanted }, facts) {
    if (hasMachine(facts)) return planApplyCheckpoint(wanted, facts)
    if (hasSharedSnapshots(facts)) return planSharedApply(wanted, facts)
    const { host, path, problems, keepName } = facts
    const { snapshot, problems: unknown } = meantSnapshot(facts, wanted)
    const found = [...formatProblems(facts), ...(facts.format === 'qcow2' ? unknown : []), ...problems]
    if (snapshot === null || found.some(isBlocking))
      return { kind: 'refusal', operation: 'snapshot-apply', problems: found.filter(isBlocking) }
    const { name } = snapshot
    const steps = inOrder([
      step(createSnapshot, { id: 'keep', host, input: { path, name: keepName }, needs: closedNeeds }),
      step(applySnapshot, { id: 'apply', host, input: { path, name, kept: keepName }, needs: closedNeeds }),
      checkStep(facts),
    ])
    return {
      kind: 'plan',
      operation: 'snapshot-apply',
      summary: `Take ${baseName(path)} back to snapshot ${JSON.stringify(name)}`,
      steps,
      warnings: [
        ...found,
        {
          id: 'state-is-kept',
          severity: 'info',
          layer: 'L2',
          file: path,
          message: `What ${quote(path)} holds now is kept in it as the snapshot ${quote(keepName)}.`,
          remedy: `When you do not need it any more: varve snapshot delete IMAGE ${keepName}.`,
        },
      ],
      subjects: [{ host, path }],
      estimate: wholeEstimate(steps),
    }
  },
})
