import type { Problem } from '@varve/core/problems/problem'
import { releaseFolder } from '../actions/release-folder.ts'
import { unmountDiskVolume } from '../actions/unmount-disk-volume.ts'
import { unmountFolder } from '../actions/unmount-folder.ts'
import { unmountPartition } from '../actions/unmount-partition.ts'
import { macosProblems } from '../attach/macos.ts'
import { hostProblems } from '../attach/problems.ts'
import { detachSteps } from '../detach/steps.ts'
import { blocking } from '../blocking.ts'
import { defineOperation } from '../operation.ts'
import { mountingProblems } from '../mount/windows.ts'
import { inOrder, quick, step, wholeEstimate, type DraftStep } from '../plans/plan.ts'
import { powershellWord } from '../plans/shown.ts'
import type { UmountFacts } from './facts.ts'
import { UmountRequest } from './request.ts'

/** Processes in one sentence, at most. */
const mostNamed = 5

/** Ends a mount of Varve's, and takes away what was made for it: overlay, device, folder. */
export const umountOperation = defineOperation<UmountRequest, UmountFacts>({
  name: 'umount',
  request: UmountRequest,
  paths: ['folder'],
  plan(_request, facts) {
    const { host, folder, attached, isDeviceOurs } = facts
    const problems = umountProblems(facts)
    if (problems.length > 0 || attached === null) return { kind: 'refusal', operation: 'umount', problems }
    const steps = inOrder([
      ...endSteps(facts, attached),
      ...(isDeviceOurs ? detachSteps(host, attached) : []),
    ])
    return {
      kind: 'plan',
      operation: 'umount',
      summary: `Unmount ${folder}${attached.throwAway ? ', and throw away what was written to its overlay' : ''}`,
      steps,
      warnings: [],
      subjects: [],
      estimate: wholeEstimate(steps),
    }
  },
})

/** The end of the mount itself, and of the folder that was made for it. */
function endSteps(
  { host, folder, isFolderOurs, partitionStart, ways }: UmountFacts,
  { attachment, device, image }: NonNullable<UmountFacts['attached']>,
): DraftStep[] {
  const place = { host, estimate: quick }
  if (partitionStart !== undefined) {
    const mount = { attachment, image, start: partitionStart, folder, isNew: isFolderOurs }
    return [step(unmountPartition, { ...place, id: 'unmount', input: mount })]
  }
  const end = ways.macos
    ? step(unmountDiskVolume, { ...place, id: 'unmount', input: { attachment, image, folder } })
    : step(unmountFolder, { ...place, id: 'unmount', input: { attachment, device, folder } })
  return [
    end,
    step(releaseFolder, { ...place, id: 'folder', input: { attachment, folder, isNew: isFolderOurs } }),
  ]
}

function umountProblems({ ways, folder, mounted, attached, busy }: UmountFacts): Problem[] {
  const where = { ways, image: folder }
  const host = ways.windows
    ? mountingProblems(where)
    : ways.macos
      ? macosProblems(where)
      : hostProblems(where)
  if (host.length > 0) return host
  const refuse = (id: string, why: string, remedy: string) =>
    blocking(folder, { id, layer: 'L6', why, remedy })
  if (attached === null)
    return [
      mounted === null
        ? refuse(
            'not-mounted',
            'nothing is mounted there',
            'See what is attached and mounted: varve attached',
          )
        : refuse(
            'not-mounted',
            `somebody else has mounted ${mounted} there`,
            ways.windows
              ? `Who did that ends it, such as by mountvol ${powershellWord(folder)} /D`
              : 'Who did that ends it, by umount.',
          ),
    ]
  if (busy.length === 0) return []
  const named = busy.slice(0, mostNamed).map(({ pid, command }) => `${command} (process ${pid})`)
  const more = busy.length > named.length ? ` and ${busy.length - named.length} more` : ''
  return [
    {
      ...refuse(
        'in-use',
        `it is used by ${named.join(', ')}${more}`,
        'End those, or have them leave the folder, and try again.',
      ),
      details: { processes: busy },
    },
  ]
}
