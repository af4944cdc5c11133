import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import { hostProblems } from '../attach/problems.ts'
import { macosProblems } from '../attach/macos.ts'
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
  plan({ isForced }, facts) {
    const { host, attached } = facts
    const problems = detachProblems(facts, isForced)
    if (problems.length > 0 || attached === null) return { kind: 'refusal', operation: 'detach', problems }
    const steps = inOrder(detachSteps(host, attached, { isForced }))
    return {
      kind: 'plan',
      operation: 'detach',
      summary: `Detach ${baseName(attached.image)} from ${attached.device}`,
      steps,
      warnings: isForced ? [forcedWarning(attached)] : [],
      subjects: [],
      estimate: wholeEstimate(steps),
    }
  },
})

function forcedWarning({ image, device }: NonNullable<DetachFacts['attached']>): Problem {
  return {
    id: 'detach-forced',
    severity: 'warn',
    asks: true,
    layer: 'L3',
    file: image,
    message: `L3 ${quote(image)}: ${device} is taken away although it is used, and what its users have not written yet is lost`,
    remedy: 'Close what uses it and detach it without --force, or consent with --accept detach-forced.',
  }
}

function detachProblems(facts: DetachFacts, isForced: boolean): Problem[] {
  const { ways, target, attached, foreign, holders, run } = facts
  const host = ways.windows
    ? windowsProblems({ ways, image: target })
    : ways.macos
      ? macosProblems({ ways, image: target })
      : hostProblems({ ways, image: target })
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
              : ways.macos
                ? `Who did that ends it, such as by hdiutil detach ${foreign[0] ?? ''}`
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
  if (isForced && !ways.macos)
    return [refuse('no-way', 'only macOS takes away what is used', 'Leave --force out.')]
  if (isForced) return []
  // What diskpart attached has letters from the start, and is read-only.
  if (attached.mounts.length > 0 && attached.how !== 'diskpart')
    return [
      refuse(
        'in-use',
        `${attached.device} is mounted at ${attached.mounts.map(({ folder }) => quote(folder)).join(', ')}`,
        ways.windows
          ? `Unmount what Varve has mounted (varve umount ${powershellWord(attached.mounts[0]?.folder ?? '')}); of others, close what is open there and eject it, or take its letters away in Disk Management.`
          : `Unmount it first${ways.macos ? ' (what Varve has not mounted: diskutil unmount)' : ''}: ${attached.mounts.map(({ folder }) => `varve umount ${shellWord(folder)}`).join('; ')}`,
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
