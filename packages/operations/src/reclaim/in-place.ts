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
import { retrimDisk } from '../actions/retrim-disk.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
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
  const compacting = { host, own, survey, by, zerosOnly, hasTrim: isTrimmed(survey) }
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

const byNames: Readonly<Record<VhdBy, string>> = { 'hyper-v': 'Hyper-V', storage: 'diskpart' }

interface Compacting {
  readonly host: string
  readonly own: LinkFacts
  readonly survey: Survey
  readonly by: VhdBy
  readonly zerosOnly: boolean
  /** Whether Windows has volumes in it that it trims. */
  readonly hasTrim: boolean
}

/** Windows trims these. */
const trimmedTypes: ReadonlySet<string> = new Set(['ntfs', 'refs'])

/** What BitLocker has opened by itself is seen by Windows only. */
function isTrimmed({ filesystems, closed }: Survey): boolean {
  return closed.length > 0 || filesystems.some(({ type }) => trimmedTypes.has(type))
}

function compacted({ host, own, survey, by, zerosOnly, hasTrim }: Compacting): DraftStep[] {
  const { path, format } = own
  const reading: ImageAddress['reading'] = zerosOnly ? {} : { withoutFree: true }
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
    ...(hasTrim && !zerosOnly
      ? whileAttached('', { host, path, by, isReadOnly: false }, [
          step(retrimDisk, { id: 'retrim', host, input: { image: path } }),
        ])
      : []),
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
