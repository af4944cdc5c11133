import { volumeAddress } from '@varve/core/image/volume-address'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { digestImage } from '../actions/digest-image.ts'
import { discardFree } from '../actions/discard-free.ts'
import { proveSameDisk } from '../actions/prove-same-disk.ts'
import { gainsOf, type Survey } from '../actions/reclaim-survey.ts'
import { replaceVolume } from '../actions/replace-volume.ts'
import { weighVolume } from '../actions/weigh-volume.ts'
import { blocking } from '../blocking.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { replaceProblems } from '../chain-change/problems.ts'
import {
  inOrder,
  quick,
  readingEstimate,
  step,
  wholeEstimate,
  type DraftStep,
  type Plan,
} from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import { notRaw, sameUuids } from '../resize/volume.ts'
import { copySteps } from '../resize/volume-steps.ts'
import {
  copyProblems,
  findVolumeToResize,
  keptRemarks,
  sparseThen,
  usedOnce,
  type FoundVolume,
} from '../volumes/resized.ts'
import type { ReclaimedVolume, ReclaimFacts } from './facts.ts'
import { doubtProblems, unseenProblems } from './problems.ts'
import type { ReclaimRequest } from './request.ts'

interface Work {
  readonly facts: ReclaimFacts
  readonly volume: ReclaimedVolume
  readonly own: LinkFacts
  readonly survey: Survey
  readonly zerosOnly: boolean
}

type Made = Plan | { readonly kind: 'refusal'; readonly operation: 'reclaim'; readonly problems: Problem[] }

/** A volume: a copy that shares its blocks gives the free ones back, and takes its name. */
export function planVolume(
  { zerosOnly }: Pick<ReclaimRequest, 'zerosOnly'>,
  facts: ReclaimFacts,
  volume: ReclaimedVolume,
): Made {
  const refusal = (problems: readonly Problem[]) => ({
    kind: 'refusal' as const,
    operation: 'reclaim' as const,
    problems: problems.filter(isBlocking),
  })
  const { chain, survey } = facts
  const [own] = chain
  if (facts.problems.some(isBlocking)) return refusal(facts.problems)
  const found = findVolumeToResize(volume)
  if ('problem' in found) return refusal([found.problem])
  if (found.way.kind === 'thick') return refusal([thick(volume, found)])
  if (!own || !survey) return refusal([notRead(volume)])
  const work = { facts, volume, own, survey, zerosOnly }
  const problems = usedOnce([...facts.problems, ...volumeProblems(work, found)])
  if (problems.some(isBlocking)) return refusal(problems)
  const steps = inOrder(volumeSteps(work, found))
  return {
    kind: 'plan',
    operation: 'reclaim',
    summary: summaryOf(volumeAddress(volume.address), survey),
    steps,
    warnings: [
      ...problems,
      ...remarks(volume, found),
      ...(survey.filesystems.some(({ start }) => start === 0) ? [sameUuids(facts.image.path)] : []),
    ],
    subjects: [{ host: facts.host, path: facts.image.path }],
    estimate: wholeEstimate(steps),
  }
}

function volumeProblems({ facts, volume, own, survey, zerosOnly }: Work, found: FoundVolume): Problem[] {
  const { image } = facts
  const { size, held } = found
  return [
    ...copyProblems(volume, { size, written: 0, noted: held ?? size }),
    ...(own.format === 'raw' ? [] : [notRaw(image.path, own.format)]),
    ...replaceProblems(image, { own, virtualSize: size, isSameDisk: true, below: null }),
    ...(volume.takesDiscards === false ? [noDiscards(volume, found)] : []),
    ...(zerosOnly ? [] : [...doubtProblems(survey, image.path), ...unseenProblems(survey, image.path)]),
    ...(held === 0 ? [nothingHeld(image.path)] : []),
  ]
}

function volumeSteps({ facts, volume, own, survey, zerosOnly }: Work, found: FoundVolume): DraftStep[] {
  const { host } = facts
  const { address, work, kept } = volume
  const { way, size, unit, uuid } = found
  const staged = { volume: address, staging: work.staging }
  const reading = zerosOnly ? {} : ({ withoutFree: true } as const)
  const estimate = readingEstimate(size)
  const original = { path: own.path, format: own.format, reading }
  const anew = { path: work.path, format: 'raw', reading } as const
  return [
    ...copySteps({ facts: { host, work }, volume, found }, own, null),
    step(discardFree, {
      id: 'discard',
      host,
      input: {
        ...staged,
        unit: survey.holder?.unit ?? unit,
        zerosOnly,
        pool: way.kind === 'thin' ? way.pool.name : null,
      },
      estimate,
    }),
    step(weighVolume, {
      id: 'weigh',
      host,
      input: { ...staged, predicted: gainsOf(survey) },
      estimate: quick,
    }),
    step(proveSameDisk, {
      id: 'prove',
      host,
      input: { first: original, second: anew },
      estimate: readingEstimate(2 * size),
    }),
    step(digestImage, {
      id: 'measure',
      host,
      input: { image: { ...anew, reading: {} }, inUse: 'refuse', sha256: false },
      estimate,
    }),
    step(replaceVolume, {
      id: 'replace',
      host,
      input: {
        ...staged,
        kept,
        uuid,
        holds: from('measure', 'digest'),
        virtualSize: from('measure', 'virtualSize'),
        copyOf: null,
      },
      needs: ['nobody has the volume open'],
    }),
  ]
}

function summaryOf(name: string, survey: Survey): string {
  const bytes = gainsOf(survey).find(({ kind }) => kind === 'host')?.bytes ?? 0
  return bytes === 0
    ? `Reclaim the zeros that ${name} has written out`
    : `Reclaim at least ${formatBytes(bytes)} of ${name}`
}

/** When the room is there, and what keeps it from being there. */
function remarks(volume: ReclaimedVolume, found: FoundVolume): Problem[] {
  const { address, kept, work } = volume
  const file = volumeAddress(address)
  const name = volumeAddress(kept)
  const { way, snapshots } = found
  const removal =
    way.kind === 'zfs'
      ? `varve delete ${name}, then varve snapshot delete ${file} varve-before-${work.staging}`
      : `varve delete ${name}`
  const said = (id: string, message: string, remedy: string): Problem => ({
    id,
    severity: 'info',
    layer: 'L1',
    file,
    message,
    remedy,
  })
  return [
    ...sparseThen(volume, found),
    said(
      'original-kept',
      `The volume as it is now is kept as ${name}, with the blocks that are given back: they are free in the pool once it is removed.`,
      `Remove it when nobody needs it any more: ${removal}`,
    ),
    ...(snapshots.length > 0
      ? [
          said(
            'snapshots-hold',
            `Its snapshots (${snapshots.slice(0, 5).join(', ')}${snapshots.length > 5 ? ' …' : ''}) lose nothing: what they hold stays in the pool as long as they do.`,
            'Delete those that nobody needs: varve snapshot delete.',
          ),
        ]
      : []),
    ...keptRemarks(volume, found).filter(({ id }) => id === 'snapshots-stay'),
  ]
}

function thick({ address }: ReclaimedVolume, { size }: FoundVolume): Problem {
  const name = volumeAddress(address)
  return blocking(name, {
    id: 'volume-thick',
    layer: 'L1',
    why: `it is thick: its ${formatBytes(size)} are its own, written or not, and no pool would get anything back (blkdiscard reaches the disk below at most)`,
    remedy: `Copy it into a thin volume, in which zeros take no room, and reclaim that: varve convert ${name} lvm:${address.group}/NAME --thin-pool POOL`,
  })
}

function noDiscards({ address }: ReclaimedVolume, { way }: FoundVolume): Problem {
  return blocking(volumeAddress(address), {
    id: 'discards-refused',
    layer: 'L1',
    why: 'its device takes no discards, so that it can give nothing back',
    remedy:
      way.kind === 'thin'
        ? `Have its thin pool take them: lvm lvchange --discards passdown ${way.pool.address.slice('lvm:'.length)}`
        : 'See whether the module of ZFS is told to refuse them.',
  })
}

function nothingHeld(file: string): Problem {
  return blocking(file, {
    id: 'nothing-to-reclaim',
    layer: 'L1',
    why: 'its pool holds nothing for it that could be given back',
    remedy: 'Nothing is to be done.',
  })
}

function notRead({ address }: ReclaimedVolume): Problem {
  return blocking(volumeAddress(address), {
    id: 'guest-not-readable',
    layer: 'L4',
    why: 'it was not seen what is in it',
    remedy: 'See what can be read of it: varve info.',
  })
}
