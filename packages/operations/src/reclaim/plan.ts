import { isBlocking } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { baseName } from '../actions/path-words.ts'
import { gainsOf, type Survey } from '../actions/reclaim-survey.ts'
import { weighReclaimed } from '../actions/weigh-reclaimed.ts'
import { newInPlace } from '../chain-change/steps.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, step, wholeEstimate } from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import type { ReclaimFacts } from './facts.ts'
import { planInPlace } from './in-place.ts'
import { reclaimProblems } from './problems.ts'
import { ReclaimRequest } from './request.ts'
import { planVolume } from './volume.ts'

/** `varve reclaim`: an image that holds no free blocks and no zeros takes the place of one that does. */
export const reclaimOperation = defineOperation<ReclaimRequest, ReclaimFacts>({
  name: 'reclaim',
  request: ReclaimRequest,
  paths: ['image'],
  plan({ zerosOnly }, facts) {
    const { host, image, chain, problems, survey, volume, inPlace } = facts
    if (inPlace) return planInPlace({ zerosOnly }, facts, inPlace)
    if (volume !== null) return planVolume({ zerosOnly }, facts, volume)
    const [own, below = null] = chain
    const found = [
      ...problems,
      ...(own && survey ? reclaimProblems(survey, { image, own, below, zerosOnly }) : []),
    ]
    if (!own || !survey || found.some(isBlocking))
      return { kind: 'refusal', operation: 'reclaim', problems: found.filter(isBlocking) }
    const steps = inOrder(
      newInPlace({
        host,
        source: own,
        target: own,
        path: image.path,
        backing: below,
        isSameDisk: true,
        reading: zerosOnly ? {} : { withoutFree: true },
        compression: survey.compression,
        lookAt: (written) =>
          step(weighReclaimed, {
            id: 'weigh',
            host,
            input: {
              original: { path: own.path, format: own.format },
              image: { ...written, staging: from('write', 'staging') },
              predicted: gainsOf(survey),
            },
          }),
      }),
    )
    return {
      kind: 'plan',
      operation: 'reclaim',
      summary: summaryOf(baseName(image.path), survey),
      steps,
      warnings: found,
      subjects: chain.map(({ path }) => ({ host, path })),
      estimate: wholeEstimate(steps),
    }
  },
})

function summaryOf(name: string, survey: Survey): string {
  const gains = new Map(gainsOf(survey).map(({ kind, bytes }) => [kind, bytes]))
  const bytes = Math.max(gains.get('host') ?? 0, gains.get('container') ?? 0)
  return bytes === 0
    ? `Reclaim the zeros that ${name} has written out`
    : `Reclaim at least ${formatBytes(bytes)} of ${name}`
}
