import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { findFilesystem } from '../actions/find-filesystem.ts'
import { mapVolume } from '../actions/map-volume.ts'
import { openLuks } from '../actions/open-luks.ts'
import { baseName } from '../actions/path-words.ts'
import { attachProblems, mapperProblems } from '../attach/problems.ts'
import { attachSteps } from '../attach/steps.ts'
import { wayOn, waysFor, type Wanted } from '../attach/ways.ts'
import { blocking } from '../blocking.ts'
import { inOrder, step, wholeEstimate, type DraftStep, type Plan, type Refusal } from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import type { MountFacts } from './facts.ts'
import { folderProblems, isLuks } from './problems.ts'
import type { MountRequest } from './request.ts'
import { folderSteps } from './steps.ts'

/** The same of what is inside LUKS. Nobody sees whether it is clean before it is open: its writes go to an overlay where there is one. */
export function planLuks(request: MountRequest, facts: MountFacts): Plan | Refusal {
  const { isWritten, volume } = request
  const { host, image, folder, ways } = facts
  const aside: Wanted = { isWritten: false, isThrowAway: true }
  const isThrowAway = !isWritten && wayOn(ways, waysFor(facts, aside)) !== null
  const wanted: Wanted = { isWritten, isThrowAway }
  const found = facts.others.filter(
    (one) => isLuks(one) && (request.partition === null || one.partition === request.partition),
  )
  const problems = [
    ...attachProblems(facts, wanted, 'mount'),
    ...folderProblems(facts),
    ...(found.length === 1 ? [] : [whichProblem(facts, found)]),
    ...mapperProblems(facts, volume === null ? ['cryptsetup'] : ['cryptsetup', 'dmsetup']),
  ]
  const refused = problems.filter(isBlocking)
  const way = wayOn(ways, waysFor(facts, wanted))
  const [chosen] = found
  if (refused.length > 0 || way === null || !chosen)
    return { kind: 'refusal', operation: 'mount', problems: refused }
  const { partition } = chosen
  const steps = inOrder([
    ...attachSteps({ facts, request, wanted, way, purpose: 'mount' }),
    ...insideSteps(facts, { partition, volume, wanted }),
  ])
  const part = partition === null ? '' : `partition ${partition} of `
  const inside = volume === null ? '' : `${volume.group}/${volume.name} in `
  const how = isWritten ? 'for writing' : isThrowAway ? 'over a throw-away overlay' : 'read-only'
  return {
    kind: 'plan',
    operation: 'mount',
    summary: `Mount ${inside}${part}${baseName(image)} (LUKS) at ${folder}, ${how}`,
    steps,
    warnings: [...problems, ...(isThrowAway ? [overlayRemark(image)] : [])],
    subjects: isWritten ? [{ host, path: image }] : [],
    estimate: wholeEstimate(steps),
  }
}

function insideSteps(
  facts: MountFacts,
  {
    partition,
    volume,
    wanted,
  }: Pick<MountRequest, 'volume'> & { readonly partition: number | null; readonly wanted: Wanted },
): DraftStep[] {
  const { host } = facts
  const { isWritten, isThrowAway } = wanted
  const place = { attachment: from('reserve', 'attachment'), device: from('reserve', 'device') }
  const isReadOnly = !isWritten && !isThrowAway
  const opened = from('open', 'mapped')
  const estimate = { bytes: 0, seconds: 5 }
  return [
    step(openLuks, { id: 'open', host, input: { ...place, partition, isReadOnly }, estimate }),
    step(findFilesystem, {
      id: 'look',
      host,
      input: {
        attachment: place.attachment,
        mapped: opened,
        volume,
        isWritten,
        isThrowAway,
        isResized: false,
      },
      estimate,
    }),
    ...(volume === null
      ? []
      : [
          step(mapVolume, {
            id: 'volume',
            host,
            input: { ...place, over: opened, volume, isReadOnly, pieces: from('look', 'pieces') },
            estimate,
          }),
        ]),
    ...folderSteps(facts, {
      ...place,
      partition: null,
      mapped: volume === null ? opened : from('volume', 'mapped'),
      type: from('look', 'type'),
      options: from('look', 'options'),
    }),
  ]
}

function whichProblem({ image, others }: MountFacts, found: MountFacts['others']): Problem {
  const all = others.filter(isLuks)
  const named = all
    .map(({ partition }) => (partition === null ? 'the whole disk' : `:${partition}`))
    .join(', ')
  return blocking(image, {
    id: found.length === 0 ? 'no-luks' : 'which-volume',
    layer: 'L5',
    why: found.length === 0 ? 'no LUKS volume was found there' : `it has ${found.length} LUKS volumes`,
    remedy:
      all.length === 0
        ? 'Leave --luks out; see what it holds: varve info.'
        : `Say which, as IMAGE:PARTITION: ${named}.`,
  })
}

function overlayRemark(image: string): Problem {
  return {
    id: 'journal-replayed-aside',
    severity: 'info',
    layer: 'L6',
    file: image,
    message: `L6 ${quote(image)}: whether what is inside was unmounted cleanly is not seen before it is opened; what the mount writes goes to a throw-away overlay, never into the image`,
    remedy: 'Nothing is to be done: the overlay is thrown away when it is unmounted.',
  }
}
