import type { Problem } from '@varve/core/problems/problem'
import { releaseFolder } from '../actions/release-folder.ts'
import { unmountDiskVolume } from '../actions/unmount-disk-volume.ts'
import { unmountFolder } from '../actions/unmount-folder.ts'
import { macosProblems } from '../attach/macos.ts'
import { hostProblems } from '../attach/problems.ts'
import { detachSteps } from '../detach/steps.ts'
import { blocking } from '../blocking.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, step, wholeEstimate } from '../plans/plan.ts'
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
    const { host, folder, attached, isFolderOurs, isDeviceOurs } = facts
    const problems = umountProblems(facts)
    if (problems.length > 0 || attached === null) return { kind: 'refusal', operation: 'umount', problems }
    const { attachment, device, image } = attached
    const estimate = { bytes: 0, seconds: 1 }
    const steps = inOrder([
      facts.ways.macos
        ? step(unmountDiskVolume, { id: 'unmount', host, input: { attachment, image, folder }, estimate })
        : step(unmountFolder, { id: 'unmount', host, input: { attachment, device, folder }, estimate }),
      step(releaseFolder, {
        id: 'folder',
        host,
        input: { attachment, folder, isNew: isFolderOurs },
        estimate,
      }),
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

function umountProblems({ ways, folder, mounted, attached, busy }: UmountFacts): Problem[] {
  const host = ways.macos ? macosProblems({ ways, image: folder }) : hostProblems({ ways, image: folder })
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
            'Who did that ends it, by umount.',
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
