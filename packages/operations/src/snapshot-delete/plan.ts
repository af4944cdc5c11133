import { formatBytes } from '@varve/core/units/format-bytes'
import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { deleteSnapshot } from '../actions/delete-snapshot.ts'
import { baseName } from '../actions/path-words.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, step, wholeEstimate } from '../plans/plan.ts'
import { hasMachine, planDeleteCheckpoint } from '../snapshots/checkpoints.ts'
import { checkStep, closedNeeds } from '../snapshots/check-step.ts'
import type { SnapshotFact, SnapshotFacts } from '../snapshots/facts.ts'
import { formatProblems, meantSnapshot } from '../snapshots/problems.ts'
import { hasSharedSnapshots, planSharedDelete } from '../snapshots/shared.ts'
import { SnapshotDeleteRequest } from './request.ts'

/** `varve snapshot delete`: for good, so it asks by name. */
export const snapshotDelete = defineOperation<SnapshotDeleteRequest, SnapshotFacts>({
  name: 'snapshot-delete',
  request: SnapshotDeleteRequest,
  paths: ['image'],
  plan({ name: wanted }, facts) {
    if (hasMachine(facts)) return planDeleteCheckpoint(wanted, facts)
    if (hasSharedSnapshots(facts)) return planSharedDelete(wanted, facts)
    const { host, path, problems } = facts
    const { snapshot, problems: unknown } = meantSnapshot(facts, wanted)
    const found = [...formatProblems(facts), ...(facts.format === 'qcow2' ? unknown : []), ...problems]
    if (snapshot === null || found.some(isBlocking))
      return { kind: 'refusal', operation: 'snapshot-delete', problems: found.filter(isBlocking) }
    const { name } = snapshot
    const steps = inOrder([
      step(deleteSnapshot, { id: 'delete', host, input: { path, name }, needs: closedNeeds }),
      checkStep(facts),
    ])
    return {
      kind: 'plan',
      operation: 'snapshot-delete',
      summary: `Remove snapshot ${JSON.stringify(name)} of ${baseName(path)} for good`,
      steps,
      warnings: [...found, lost(facts, snapshot)],
      subjects: [{ host, path }],
      estimate: wholeEstimate(steps),
    }
  },
})

function lost({ path }: SnapshotFacts, { name, stateSize: state }: SnapshotFact): Problem {
  const machine = state > 0 ? ` and ${formatBytes(state)} of a machine's memory` : ''
  return {
    id: 'snapshot-lost',
    severity: 'warn',
    layer: 'L2',
    file: path,
    message: `What only the snapshot ${quote(name)} holds${machine} is gone afterwards: there is no way back.`,
    remedy: `Extract it first when you may need it: varve convert ${quote(`${baseName(path)}@${name}`)} TARGET.`,
    asks: true,
  }
}
