import { isBlocking } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { attachVhd } from '../actions/attach-vhd.ts'
import type { VhdBy } from '../actions/attached-vhd.ts'
import { checkImage } from '../actions/check-image.ts'
import { compactVhd } from '../actions/compact-vhd.ts'
import { detachVhd } from '../actions/detach-vhd.ts'
import { digestImage } from '../actions/digest-image.ts'
import type { ImageAddress } from '../actions/image-address.ts'
import { baseName } from '../actions/path-words.ts'
import { proveUnchanged } from '../actions/prove-unchanged.ts'
import { gainsOf, type Survey } from '../actions/reclaim-survey.ts'
import { stopDistribution } from '../actions/stop-distribution.ts'
import { trimDistribution } from '../actions/trim-distribution.ts'
import { retrimDisk } from '../actions/retrim-disk.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { isOfDocker } from '../distributions/problems.ts'
import {
  inOrder,
  quick,
  readingEstimate,
  step,
  wholeEstimate,
  type DraftStep,
  type Plan,
  type Refusal,
} from '../plans/plan.ts'
import { freshId, from } from '../plans/wired.ts'
import type { InPlaceFacts, ReclaimFacts } from './facts.ts'
import { inPlaceProblems } from './in-place-problems.ts'
import type { ReclaimRequest } from './request.ts'

/** Has Windows compact the file itself: what its volumes call free is trimmed first, and the disk is proven to be the same. */
export function planInPlace(
  { zerosOnly }: Pick<ReclaimRequest, 'zerosOnly'>,
  facts: ReclaimFacts,
  inPlace: InPlaceFacts,
): Plan | Refusal {
  const { host, image, chain, survey } = facts
  const [own] = chain
  const found = inPlaceProblems(facts, inPlace, zerosOnly)
  const by = inPlace.ways.windows?.by ?? null
  if (!own || !survey || by === null || found.some(isBlocking))
    return { kind: 'refusal', operation: 'reclaim', problems: found.filter(isBlocking) }
  const trimmedBy = trimmerOf(survey, inPlace)
  const compacting = { host, own, survey, by, zerosOnly, trimmedBy }
  const steps = inOrder(compacted(compacting))
  return {
    kind: 'plan',
    operation: 'reclaim',
    summary: `Compact ${baseName(image.path)} (${formatBytes(survey.before.file)}) in place, by ${byNames[by]}`,
    steps,
    warnings: found,
    subjects: [{ host, path: image.path }],
    estimate: wholeEstimate(steps),
  }
}

const byNames: Readonly<Record<VhdBy, string>> = {
  'hyper-v': 'Hyper-V',
  storage: 'diskpart',
  diskpart: 'diskpart',
}

interface Compacting {
  readonly host: string
  readonly own: LinkFacts
  readonly survey: Survey
  readonly by: VhdBy
  readonly zerosOnly: boolean
  readonly trimmedBy: Trimmer
}

/** Who discards what the filesystems call free: Windows in its volumes, or a distribution of WSL in its own. */
type Trimmer =
  | { readonly is: 'windows' }
  | { readonly is: 'nobody' }
  | { readonly is: 'distribution'; readonly name: string }

/** Windows trims these. */
const trimmedTypes: ReadonlySet<string> = new Set(['ntfs', 'refs'])

function trimmerOf({ filesystems, closed }: Survey, { distribution, ways }: InPlaceFacts): Trimmer {
  if (distribution !== null)
    return isOfDocker(distribution) ? { is: 'nobody' } : { is: 'distribution', name: distribution.name }
  // What BitLocker has opened by itself is seen by Windows only; the module of Storage trims.
  const isSeen =
    ways.windows?.by !== 'diskpart' &&
    (closed.length > 0 || filesystems.some(({ type }) => trimmedTypes.has(type)))
  return { is: isSeen ? 'windows' : 'nobody' }
}

function compacted({ host, own, survey, by, zerosOnly, trimmedBy }: Compacting): DraftStep[] {
  const { path, format } = own
  // Of volumes of its own Windows takes what they call free, whatever is in it.
  const reading: ImageAddress['reading'] =
    zerosOnly || trimmedBy.is === 'distribution' ? {} : { withoutFree: true }
  const image = { path, format, reading }
  const estimate = readingEstimate(survey.before.data)
  const compacting = step(compactVhd, {
    id: 'compact',
    host,
    input: {
      image: path,
      by: by === 'hyper-v' ? 'hyper-v' : 'diskpart',
      gives: zerosOnly ? 'zeros' : 'free',
      predicted: gainsOf(survey),
    },
    needs: ['nobody else uses the image'],
    estimate,
  })
  return [
    ...(zerosOnly ? [] : trimmed(trimmedBy, { host, path, by })),
    step(digestImage, { id: 'digest', host, input: { image, inUse: 'refuse', sha256: false }, estimate }),
    ...(zerosOnly
      ? [compacting]
      : whileAttached('-again', { host, path, by, isReadOnly: true }, [compacting])),
    step(proveUnchanged, {
      id: 'prove',
      host,
      input: { image, digest: from('digest', 'digest') },
      estimate,
    }),
    step(checkImage, {
      id: 'check',
      host,
      input: { image: { path, format, reading: {} }, name: null },
      estimate: quick,
    }),
  ]
}

function trimmed(trimmer: Trimmer, { host, path, by }: Omit<Attaching, 'isReadOnly'>): DraftStep[] {
  if (trimmer.is === 'nobody') return []
  if (trimmer.is === 'windows')
    return whileAttached('', { host, path, by, isReadOnly: false }, [
      step(retrimDisk, { id: 'retrim', host, input: { image: path } }),
    ])
  const input = { image: path, distribution: trimmer.name }
  return [
    step(trimDistribution, { id: 'trim', host, input, needs: ['the distribution does not run'] }),
    step(stopDistribution, { id: 'stop', host, input, estimate: { bytes: 0, seconds: 60 } }),
  ]
}

interface Attaching {
  readonly host: string
  readonly path: string
  readonly by: VhdBy
  readonly isReadOnly: boolean
}

function whileAttached(
  which: string,
  { host, path: image, by, isReadOnly }: Attaching,
  steps: readonly DraftStep[],
): DraftStep[] {
  return [
    step(attachVhd, {
      id: `attach${which}`,
      host,
      input: { attachment: freshId, image, by, isReadOnly },
      needs: ['nobody else uses the image'],
      estimate: quick,
    }),
    ...steps,
    step(detachVhd, {
      id: `detach${which}`,
      host,
      input: { attachment: null, image, by },
      estimate: quick,
    }),
  ]
}
