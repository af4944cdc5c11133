import { formatBytes } from '@varve/core/units/format-bytes'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import { purgeImage } from '../actions/purge-image.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, noEstimate, step } from '../plans/plan.ts'
import type { EntryFacts } from '../restore/facts.ts'
import { PurgeRequest } from './request.ts'

/** Removes for good what lies in a quarantine; before its time is over it asks for a word by name. */
export const purgeOperation = defineOperation<PurgeRequest, EntryFacts>({
  name: 'purge',
  request: PurgeRequest,
  paths: ['folders'],
  plan(_request, facts) {
    const { host, id, image, bytes } = facts
    return {
      kind: 'plan',
      operation: 'purge',
      summary: `Remove ${baseName(image)} (${formatBytes(bytes)}) in quarantine ${id} for good`,
      steps: inOrder([step(purgeImage, { id: 'purge', host, input: { quarantine: id, at: image } })]),
      warnings: [...early(facts), ...needed(facts)],
      subjects: [{ host, path: image }],
      estimate: noEstimate,
    }
  },
})

function early({ image, until, now }: EntryFacts): Problem[] {
  if (Date.parse(now) >= Date.parse(until)) return []
  return [
    {
      id: 'kept-until',
      severity: 'warn',
      layer: 'L1',
      file: image,
      message: `L1 ${quote(image)}: it is to be kept until ${until.slice(0, 10)}, and nothing brings it back after this`,
      remedy: 'Let it lie until then.',
      details: { until },
      asks: true,
    },
  ]
}

function needed({ image, dependents }: EntryFacts): Problem[] {
  if (dependents.length === 0) return []
  return [
    {
      id: 'has-dependents',
      severity: 'warn',
      layer: 'L2',
      file: image,
      message: `L2 ${quote(image)}: ${dependents.map((one) => quote(one)).join(', ')} cannot be read without it`,
      remedy: 'Restore it, or delete what is made over it first.',
      details: { dependents },
      asks: true,
    },
  ]
}
