import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { mappedVolume } from '@varve/core/volumes/mapped-names'
import { baseName } from '../actions/path-words.ts'
import { attachProblems, passphraseProblems } from '../attach/problems.ts'
import { attachSteps } from '../attach/steps.ts'
import { volumeStep } from '../attach/volume-steps.ts'
import { wayOn, waysFor, type Wanted } from '../attach/ways.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, wholeEstimate, type DraftStep, type Plan } from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import type { MountFacts } from './facts.ts'
import { kindOf, optionsOf, type FilesystemKind } from './filesystems.ts'
import { planLuks } from './luks.ts'
import { planMountOnMacos } from './macos.ts'
import { choose, folderProblems, guestProblems, type Candidate } from './problems.ts'
import { MountRequest } from './request.ts'
import { folderSteps } from './steps.ts'
import { planMountOnWindows } from './windows.ts'

/** Mounts a filesystem of an image, read-only unless it is said otherwise; a journal is never replayed into the image. */
export const mountOperation = defineOperation<MountRequest, MountFacts>({
  name: 'mount',
  request: MountRequest,
  paths: ['image.path', 'folder'],
  plan(request, facts) {
    const { windows } = facts.ways
    if (windows) return planMountOnWindows(request, facts, windows)
    if (facts.ways.macos) return planMountOnMacos(request, facts, facts.ways.macos)
    const foreign = passphraseProblems(request, facts)
    if (foreign.length > 0) return { kind: 'refusal', operation: 'mount', problems: foreign }
    if (request.isLuks) return planLuks(request, facts)
    const chosen = choose(facts, request)
    const kind = chosen === null ? null : kindOf(chosen.type)
    const wanted: Wanted = {
      isWritten: request.isWritten,
      isThrowAway:
        !request.isWritten && kind !== null && kind.hasJournal && chosen !== null && chosen.state !== 'clean',
    }
    // What is attached already is used where it does.
    const attached = request.isWritten || wanted.isThrowAway ? null : facts.attached
    const problems = [
      ...attachProblems(facts, wanted, 'mount'),
      ...folderProblems(facts),
      ...guestProblems(facts, request),
    ]
    const blocking = problems.filter(isBlocking)
    const way = wayOn(facts.ways, waysFor(facts, wanted))
    if (blocking.length > 0 || chosen === null || kind === null || (way === null && attached === null))
      return { kind: 'refusal', operation: 'mount', problems: blocking }
    const attaching =
      way === null || attached !== null ? [] : attachSteps({ facts, request, wanted, way, purpose: 'mount' })
    const steps = inOrder([...attaching, ...mountSteps({ facts, chosen, kind, wanted, attached })])
    return planOf({ facts, chosen, wanted, problems, steps })
  },
})

interface Mounting {
  readonly facts: MountFacts
  readonly chosen: Candidate
  readonly kind: FilesystemKind
  readonly wanted: Wanted
  readonly attached: MountFacts['attached']
}

function mountSteps({ facts, chosen, kind, wanted, attached }: Mounting): DraftStep[] {
  const attachment = attached?.attachment ?? from('reserve', 'attachment')
  const device = attached?.device ?? from('reserve', 'device')
  const { volume, partition } = chosen
  const known = volume === null || attached === null ? null : mappedVolume(attached.attachment, volume)
  const isThere = known !== null && attached?.volumes.includes(known) === true
  const mapping =
    volume === null || isThere
      ? []
      : [volumeStep(volume, { id: 'volume', host: facts.host, wanted, attachment, device })]
  return [
    ...mapping,
    ...folderSteps(facts, {
      attachment,
      device,
      partition,
      mapped: volume === null ? null : isThere ? known : from('volume', 'mapped'),
      type: kind.type,
      options: optionsOf(kind, wanted),
    }),
  ]
}

interface Planned {
  readonly facts: MountFacts
  readonly chosen: Candidate
  readonly wanted: Wanted
  readonly problems: readonly Problem[]
  readonly steps: Plan['steps']
}

function planOf({ facts, chosen, wanted, problems, steps }: Planned): Plan {
  const { host, image, folder } = facts
  const { volume, partition } = chosen
  const part =
    volume !== null
      ? `${volume.group}/${volume.name} of `
      : partition === null
        ? ''
        : `partition ${partition} of `
  const how = wanted.isWritten
    ? 'for writing'
    : wanted.isThrowAway
      ? 'over a throw-away overlay'
      : 'read-only'
  return {
    kind: 'plan',
    operation: 'mount',
    summary: `Mount ${part}${baseName(image)} (${chosen.type}) at ${folder}, ${how}`,
    steps,
    warnings: [...problems, ...(wanted.isThrowAway ? [overlayRemark(image, chosen)] : [])],
    subjects: wanted.isWritten ? [{ host, path: image }] : [],
    estimate: wholeEstimate(steps),
  }
}

function overlayRemark(image: string, { type, state }: Candidate): Problem {
  const why =
    state === 'dirty' ? 'was not unmounted cleanly' : 'does not tell whether it was unmounted cleanly'
  return {
    id: 'journal-replayed-aside',
    severity: 'info',
    layer: 'L6',
    file: image,
    message: `L6 ${quote(image)}: its ${type} ${why}; its journal is replayed into a throw-away overlay, never into the image`,
    remedy: 'Nothing is to be done: the overlay is thrown away when it is unmounted.',
  }
}
