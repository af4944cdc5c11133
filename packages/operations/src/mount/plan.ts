import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { mountFilesystem } from '../actions/mount-filesystem.ts'
import { baseName } from '../actions/path-words.ts'
import { prepareFolder } from '../actions/prepare-folder.ts'
import { attachProblems } from '../attach/problems.ts'
import { attachSteps } from '../attach/steps.ts'
import { wayOn, waysFor, type Wanted } from '../attach/ways.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, step, wholeEstimate, type DraftStep, type Plan } from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import type { FilesystemThere, MountFacts } from './facts.ts'
import { kindOf, optionsOf, type FilesystemKind } from './filesystems.ts'
import { choose, folderProblems, guestProblems } from './problems.ts'
import { MountRequest } from './request.ts'

/** Mounts a filesystem of an image, read-only unless it is said otherwise; a journal is never replayed into the image. */
export const mountOperation = defineOperation<MountRequest, MountFacts>({
  name: 'mount',
  request: MountRequest,
  paths: ['image.path', 'folder'],
  plan(request, facts) {
    const chosen = choose(facts, request.partition)
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
      ...guestProblems(facts, request.partition),
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
  readonly chosen: FilesystemThere
  readonly kind: FilesystemKind
  readonly wanted: Wanted
  readonly attached: MountFacts['attached']
}

function mountSteps({ facts, chosen, kind, wanted, attached }: Mounting): DraftStep[] {
  const { host, folder, folderIs } = facts
  const attachment = attached?.attachment ?? from('reserve', 'attachment')
  const device = attached?.device ?? from('reserve', 'device')
  const estimate = { bytes: 0, seconds: 1 }
  const [type, options] = [kind.type, optionsOf(kind, wanted)]
  return [
    step(prepareFolder, {
      id: 'folder',
      host,
      input: { attachment, folder, isNew: folderIs === 'missing' },
      estimate,
    }),
    step(mountFilesystem, {
      id: 'mount',
      host,
      input: { attachment, device, partition: chosen.partition, folder, type, options },
      estimate,
    }),
  ]
}

interface Planned {
  readonly facts: MountFacts
  readonly chosen: FilesystemThere
  readonly wanted: Wanted
  readonly problems: readonly Problem[]
  readonly steps: Plan['steps']
}

function planOf({ facts, chosen, wanted, problems, steps }: Planned): Plan {
  const { host, image, folder } = facts
  const part = chosen.partition === null ? '' : `partition ${chosen.partition} of `
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

function overlayRemark(image: string, { type, state }: FilesystemThere): Problem {
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
