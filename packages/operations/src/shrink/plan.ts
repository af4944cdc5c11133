import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { filesystemName } from '@varve/core/guest/guest-names'
import { formatBytes } from '@varve/core/units/format-bytes'
import { isWindowsFilesystem } from '../actions/windows-volume.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, wholeEstimate, type DraftStep } from '../plans/plan.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { byFilesSteps, type FilesWay } from './by-files-steps.ts'
import { isResized } from '../resize/kinds.ts'
import { resizeProblems } from '../resize/problems.ts'
import { onLinuxOnly } from '../resize/windows-problems.ts'
import { isOnWindows } from '../resize/windows-work.ts'
import { shrinkOnWindows } from '../resize/windows-steps.ts'
import { imageName, sizeThere, volumeRemarks } from '../resize/volume.ts'
import { chooseShrink, type ShrinkChoice } from './choice.ts'
import { shrinkProblems } from './problems.ts'
import { ShrinkRequest } from './request.ts'
import { shrinkUnit } from './sizes.ts'
import { cutSteps, shrinkSteps } from './steps.ts'
import { volumeShrinkSteps } from './volume-steps.ts'

/** `varve shrink`: filesystem, partition, table and image become smaller, in that order, on a hidden copy that is proven before it takes the image's place. */
export const shrinkOperation = defineOperation<ShrinkRequest, ResizeFacts>({
  name: 'shrink',
  request: ShrinkRequest,
  paths: ['image'],
  plan(asked, facts) {
    const { host, image, chain, guest } = facts
    const request = { ...asked, to: asked.to === null ? null : sizeThere(facts, asked.to) }
    const [own] = chain
    const choice: ShrinkChoice = chooseShrink(facts, request)
    // Where it is not known yet, what speaks against any smaller size is said.
    const before = own?.virtualSize ?? null
    const known = sizeOf(choice)
    const size = known ?? (before === null ? null : before - shrinkUnit)
    const problems = own
      ? [
          ...resizeProblems(withoutCopy(facts, choice), {
            own,
            size,
            isMost: known === null,
            isAttached: choice.way === 'filesystem' || choice.way === 'files',
          }),
          ...(isOnWindows(facts) ? linuxOnly(facts, request) : []),
          ...(guest === null ? [] : shrinkProblems(facts, request, choice)),
        ]
      : [...facts.problems]
    const blocking = problems.filter(isBlocking)
    const drafts = own && blocking.length === 0 ? stepsOf({ facts, own, choice, request }) : []
    if (drafts.length === 0) return { kind: 'refusal', operation: 'shrink', problems: blocking }
    const steps = inOrder(drafts)
    return {
      kind: 'plan',
      operation: 'shrink',
      summary: `Shrink ${imageName(facts)} ${summaryOf(choice)}`,
      steps,
      warnings: [...problems, ...volumeRemarks(facts, asked.to)],
      subjects:
        facts.volume === null ? chain.map(({ path }) => ({ host, path })) : [{ host, path: image.path }],
      estimate: wholeEstimate(steps),
    }
  },
})

/** By files a raw image is read itself: no room is wanted for a copy of it. */
function withoutCopy(facts: ResizeFacts, { way }: ShrinkChoice): ResizeFacts {
  return way === 'files' && facts.isPlainRaw ? { ...facts, dataBytes: null } : facts
}

/** Bytes of the disk that is to be; null: known only when the filesystem has been asked. */
function sizeOf(choice: ShrinkChoice): number | null {
  if (choice.way === 'cut') return choice.disk
  return choice.way === 'filesystem' || choice.way === 'files' ? choice.disk : null
}

interface Planning {
  readonly facts: ResizeFacts
  readonly own: ResizeFacts['chain'][number]
  readonly choice: ShrinkChoice
  readonly request: ShrinkRequest
}

function stepsOf({ facts, own, choice, request }: Planning): DraftStep[] {
  if (choice.way === 'cut') return cutSteps({ facts, own }, choice.disk)
  if (choice.way === 'nothing') return []
  if (choice.way === 'files') return byFilesSteps({ facts, own, choice })
  const { inside, target } = choice
  const { allContents } = request
  if (inside.kind === 'refused') return []
  if (isOnWindows(facts)) return windowsSteps({ facts, own, choice, request })
  if (inside.kind !== 'plain') return volumeShrinkSteps({ facts, own, choice, inside, allContents })
  const type = target.filesystem?.type ?? ''
  return isResized(type) ? shrinkSteps({ facts, own, choice, type, allContents }) : []
}

function windowsSteps({ facts, own, choice, request: { allContents } }: Planning): DraftStep[] {
  if (choice.way !== 'filesystem') return []
  const { target, disk, place } = choice
  const { partition, filesystem } = target
  const type = filesystem?.type
  if (partition === null || !isWindowsFilesystem(type)) return []
  return shrinkOnWindows({ facts, own, partition, type, allContents, disk, behind: place.behind })
}

function linuxOnly(facts: ResizeFacts, { byFiles, volume, isLuks }: ShrinkRequest): Problem[] {
  return onLinuxOnly(facts, 'shrink', [
    ['--by-files', byFiles],
    ['--volume', volume !== null],
    ['--luks', isLuks],
  ])
}

function summaryOf(choice: ShrinkChoice): string {
  const size = sizeOf(choice)
  const to = size === null ? 'as far as its filesystem allows' : `to ${formatBytes(size)}`
  if (choice.way === 'files') return `${to}, by files: ${anew(choice)}`
  if (choice.way !== 'filesystem') return `${to}: only what is free behind its partitions goes`
  const { partition } = choice.target
  const what = heldIn(choice)
  return `${to}, with ${partition === null ? `its ${what}` : `the ${what} in partition ${partition.index}`}`
}

function anew({ inside, filesystem, target: { partition } }: FilesWay): string {
  const what = filesystem === null ? 'a new filesystem' : `a new ${filesystemName(filesystem.type)}`
  const where = partition === null ? 'on the disk' : `in partition ${partition.index}`
  const volume = inside.kind === 'lvm' || inside.kind === 'luks' ? inside.volume : null
  const held = [
    ...(volume === null ? [] : [`in ${volume.group}/${volume.name}`]),
    ...(inside.kind === 'luks' ? ['in LUKS'] : []),
  ]
  return `${[what, ...held, where].join(' ')}, with the files of the old one`
}

function heldIn({ inside, target: { filesystem } }: Extract<ShrinkChoice, { way: 'filesystem' }>): string {
  if (inside.kind === 'lvm')
    return `${filesystemName(inside.type)} of ${inside.volume.group}/${inside.volume.name}`
  return inside.kind === 'luks' ? 'LUKS' : filesystemName(filesystem?.type ?? '')
}
