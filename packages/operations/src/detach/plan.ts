import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import { hostProblems } from '../attach/problems.ts'
import { windowsProblems } from '../attach/windows.ts'
import { blocking } from '../blocking.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, wholeEstimate } from '../plans/plan.ts'
import { powershellWord, shellWord } from '../plans/shown.ts'
import type { DetachFacts } from './facts.ts'
import { DetachRequest } from './request.ts'
import { detachSteps } from './steps.ts'

/** Takes the device of an image away, also one that is half made or whose server is dead. */
export const detachOperation = defineOperation<DetachRequest, DetachFacts>({
  name: 'detach',
  request: DetachRequest,
  paths: ['target'],
  plan(_request, facts) {
    const { host, attached } = facts
    const problems = detachProblems(facts)
    if (problems.length > 0 || attached === null) return { kind: 'refusal', operation: 'detach', problems }
    const steps = inOrder(detachSteps(host, attached))
    return {
      kind: 'plan',
      operation: 'detach',
      summary: `Detach ${baseName(attached.image)} from ${attached.device}`,
      steps,
      warnings: [],
      subjects: [],
      estimate: wholeEstimate(steps),
    }
  },
})

function detachProblems(facts: DetachFacts): Problem[] {
  const { ways, target, attached, foreign, holders, run } = facts
  const host = ways.windows ? windowsProblems({ ways, image: target }) : hostProblems({ ways, image: target })
  if (host.length > 0) return host
  const refuse = (id: string, why: string, remedy: string) =>
    blocking(target, { id, layer: 'L3', why, remedy })
  if (attached === null)
    return [
      foreign.length === 0
        ? refuse('not-attached', 'Varve has not attached it', 'See what is attached: varve attached')
        : refuse(
            'not-attached',
            `somebody else has attached it, as ${foreign.join(', ')}`,
            ways.windows
              ? `Who did that ends it, such as by Dismount-DiskImage -ImagePath ${powershellWord(target)}`
              : `Who did that ends it, such as by losetup --detach ${foreign[0] ?? ''}`,
          ),
    ]
  if (run !== null)
    return [
      refuse(
        'in-use',
        `the run ${run} works on ${attached.device} now`,
        `Wait for its end, or end it: varve runs ${run} --cancel`,
      ),
    ]
  // What diskpart attached has letters from the start, and is read-only.
  if (attached.mounts.length > 0 && attached.how !== 'diskpart')
    return [
      refuse(
        'in-use',
        `${attached.device} is mounted at ${attached.mounts.map(({ folder }) => quote(folder)).join(', ')}`,
        ways.windows
          ? `Unmount what Varve has mounted (varve umount ${powershellWord(attached.mounts[0]?.folder ?? '')}); of others, close what is open there and eject it, or take its letters away in Disk Management.`
          : `Unmount it first: ${attached.mounts.map(({ folder }) => `varve umount ${shellWord(folder)}`).join('; ')}`,
      ),
    ]
  if (holders.length > 0)
    return [
      refuse(
        'in-use',
        `${attached.device} is used by ${holders.join(', ')}`,
        'End those first: vgchange -an for volume groups, dmsetup remove or cryptsetup close for mappings.',
      ),
    ]
  return []
}
