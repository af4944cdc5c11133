import { formatBytes } from '@varve/core/units/format-bytes'
import type { PlanStepView, PlanView } from '@varve/protocol/plans'
import type { ProblemView } from '@varve/protocol/primitives'
import type { ImageRow } from '@varve/protocol/images'

/** What an invented plan is about. */
export interface InventedWish {
  readonly operation: string
  readonly host: string
  /** The image as its library has it. */
  readonly name: string
  readonly row: ImageRow | null
  readonly request: Readonly<Record<string, unknown>>
}

type Draft = Pick<PlanStepView, 'id' | 'layer' | 'title' | 'does' | 'command'> & Partial<PlanStepView>

const rate = 400e6

function drafts({ operation, name, row, request }: InventedWish): readonly Draft[] {
  const path = `/srv/images/${name}`
  const target = textOf(request['target'] ?? request['name'] ?? name)
  const bytes = Math.round((row?.virtualSize ?? 2 ** 30) * 0.5)
  const moved = { bytes, seconds: bytes / rate }
  const write: Draft = {
    id: 'write',
    layer: 'L2',
    title: `Write ${target}`,
    does: `Writes what the guest sees of ${name} into a hidden file beside ${target}.`,
    command: `native: read ${path}, write /srv/images/.${target}.1f0c.part`,
    undo: `Removes the hidden file that was to become ${target}.`,
    estimate: moved,
  }
  const prove: Draft = {
    id: 'prove',
    layer: 'L3',
    title: 'Prove that it holds the same disk',
    does: 'Reads what was written back as a disk and compares its digest.',
    command: `native: digest /srv/images/.${target}.1f0c.part`,
    estimate: { bytes, seconds: bytes / 1e9 },
  }
  const publish: Draft = {
    id: 'publish',
    layer: 'L1',
    title: 'Give it its name',
    does: `Renames the hidden file to ${target}, never over another file.`,
    command: `native: rename /srv/images/.${target}.1f0c.part → /srv/images/${target}`,
    undo: `Puts ${target} into quarantine.`,
  }
  const replace: Draft = {
    ...publish,
    id: 'replace',
    title: 'Take the place of the original',
    does: `Keeps the original ${name} in the quarantine of its folder and gives the new image its name.`,
    undo: `Gives the original ${name} its name again.`,
  }
  const aside: Draft = {
    id: 'set-aside',
    layer: 'L1',
    title: 'Put it into quarantine',
    does: `Moves ${name} with all its files into the quarantine of its folder, and notes where it was.`,
    command: `native: rename ${path} → /srv/images/.varve-quarantine/${name}`,
    undo: `Moves ${name} with all its files back to where it was, never over another file.`,
  }
  const resized = operation === 'grow' ? 'larger' : 'smaller'
  switch (operation) {
    case 'grow':
    case 'shrink':
      if (request['partition'] === 'none') return [write, prove, replace]
      return [
        { ...write, id: 'work', title: 'Write raw', does: `Writes the disk of ${name} into a hidden copy.` },
        {
          id: 'filesystem',
          layer: 'L6',
          title: 'Resize the ext4',
          does: `Makes the ext4 on partition 2 of the device ${resized}.`,
          command: 'e2fsck -f -p /dev/DEVICEp2, then resize2fs /dev/DEVICEp2',
        },
        {
          id: 'partition',
          layer: 'L4',
          title: 'Resize partition 2',
          does: 'Only its end is changed in the partition table.',
          command: 'sfdisk --no-reread -N 2 /srv/images/.web01.1f0c.part',
        },
        {
          id: 'digest-after',
          layer: 'L7',
          title: 'Prove that its files are the same',
          does: 'Digests all files, which must be what they were.',
          command: 'native: mount(2) read-only, SHA-256',
        },
        prove,
        replace,
      ]
    case 'reclaim':
      return [
        write,
        prove,
        {
          id: 'weigh',
          layer: 'L1',
          title: 'Weigh what it gives back',
          does: `Compares what ${name} takes with what was written for it.`,
          command: `native: stat(2) of ${path}`,
        },
        replace,
      ]
    case 'attach':
    case 'mount':
    case 'detach':
    case 'umount':
      return [
        {
          id: operation,
          layer: operation.endsWith('mount') ? 'L6' : 'L3',
          title: operation === 'detach' ? 'Detach it' : operation === 'umount' ? 'Unmount it' : 'Attach it',
          does: 'Asks the kernel of the host; the image is not changed.',
          command: operation.endsWith('mount') ? `${operation} /srv/images/files` : 'losetup',
        },
      ]
    case 'reclaim-report':
      return [
        {
          id: 'survey',
          layer: 'all',
          title: 'Find what is held for nothing',
          does: `Reads the bitmaps of the filesystems in ${name} and all of its data, and changes nothing.`,
          command: `native: open(2) of ${path} for reading`,
        },
      ]
    case 'delete':
      return [aside]
    case 'purge':
      return [
        {
          id: 'purge',
          layer: 'L1',
          title: 'Remove it for good',
          does: 'Removes every file of the entry of the quarantine, and the entry itself.',
          command: 'native: unlink /srv/images/.varve-quarantine/*',
          pointOfNoReturn: true,
        },
      ]
    case 'restore':
      return [
        {
          id: 'restore',
          layer: 'L1',
          title: 'Give it back its place',
          does: 'Moves every file of the entry back to where it was, never over another file.',
          command: 'native: rename /srv/images/.varve-quarantine/* → /srv/images',
          undo: 'Puts it back into quarantine.',
        },
      ]
    case 'check':
      return [
        {
          id: 'check',
          layer: 'L2',
          title: 'Check its tables',
          does: `Reads the tables of ${name} and compares what they say of each other.`,
          command: `native: check ${path}`,
        },
      ]
    case 'serve':
      return [
        {
          id: 'serve',
          layer: 'L3',
          title: 'Serve it',
          does: `Serves the disk of ${name} with its chain over NBD, read-only, at a port of this host alone (127.0.0.1), for 1 h at most; the image is not changed.`,
          command: `native: open(2) of ${path} for reading, listen(2) at 127.0.0.1, the NBD protocol`,
          undo: 'Closes the port and drops whoever reads from it.',
        },
      ]
    case 'chain-show':
      return [
        {
          id: 'chain',
          layer: 'L2',
          title: 'Look at its chain',
          does: `Reads what ${name} is made over, and which images in the folders around are made over it; changes nothing.`,
          command: `native: read the headers of ${path} and of the images in its folder`,
        },
      ]
    case 'doctor':
      return [
        {
          id: 'diagnose',
          layer: 'all',
          title: 'Look what is to be mended',
          does: 'Reads the headers and names of the images in images, and changes nothing.',
          command: 'native: readdir(3), open(2) and pread(2) of the headers of its images',
        },
      ]
    case 'info':
      return [
        {
          id: 'inspect',
          layer: 'all',
          title: 'Look at it',
          does: `Reads the tables of ${name} and its chain, and what its guest has at known places; changes nothing.`,
          command: `native: read ${path}`,
        },
      ]
    case 'repair':
    case 'snapshot-create':
    case 'snapshot-apply':
    case 'snapshot-delete':
    case 'chain-repoint':
      return [
        {
          id: 'change',
          layer: 'L2',
          title: 'Change its tables',
          does: `Changes the tables of ${name}, and keeps what is overwritten in an undo file beside it.`,
          command: `native: write ${path} behind /srv/images/${name}.undo`,
          undo: `Puts back what was overwritten in ${name}.`,
        },
      ]
    case 'measure':
    case 'compare':
    case 'digest':
    case 'verify':
    case 'map':
      return [
        {
          id: operation,
          layer: 'L3',
          title: 'Read the disk',
          does: `Reads what the guest sees of ${name}, and changes nothing.`,
          command: `native: read ${path}`,
          estimate: { bytes, seconds: 1 },
        },
      ]
    case 'chain-commit':
    case 'chain-flatten':
    case 'chain-rebase':
      return [write, prove, replace]
    default:
      return [write, prove, publish]
  }
}

/** The words of a request that names a file in one way or another. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : 'image'
}

const warnings: Readonly<Record<string, ProblemView>> = {
  delete: {
    id: 'dependents-not-seen',
    severity: 'warn',
    layer: 'L2',
    file: '/srv/images/cache06.qcow2',
    message: 'it was not seen whether all other images can do without it: one folder cannot be read',
    remedy: 'Make sure that no other image is made over it.',
  },
  purge: {
    id: 'kept-until',
    severity: 'warn',
    layer: 'L1',
    file: null,
    message: 'it is to be kept until 2026-12-28, and nothing brings it back after this',
    remedy: 'Let it lie until then.',
    asks: true,
  },
}

const verbs: Readonly<Record<string, string>> = {
  clone: 'Clone',
  convert: 'Convert',
  check: 'Check',
  info: 'Look at',
  serve: 'Serve',
  'chain-show': 'Look at the chain of',
  create: 'Create',
  compare: 'Compare',
  digest: 'Digest',
  map: 'Map',
  measure: 'Measure',
  verify: 'Prove again',
  restore: 'Restore',
  repair: 'Repair',
  'chain-commit': 'Commit',
  'chain-repoint': 'Repoint',
  'snapshot-create': 'Take a snapshot of',
  'snapshot-apply': 'Go back to a snapshot of',
  'snapshot-delete': 'Delete a snapshot of',
  'chain-flatten': 'Flatten',
  'chain-rebase': 'Rebase',
  move: 'Move',
  attach: 'Attach',
  mount: 'Mount',
  detach: 'Detach',
  umount: 'Unmount',
  grow: 'Grow',
  shrink: 'Shrink',
  reclaim: 'Reclaim',
  'reclaim-report': 'Find what is held for nothing in',
}

function summaryOf({ operation, name, row, request }: InventedWish): string {
  const size = row?.allocated === null || !row ? '' : ` (${formatBytes(row.allocated)})`
  if (operation === 'delete') return `Put ${name}${size} into quarantine`
  if (operation === 'restore') return `Restore what lies in quarantine ${textOf(request['id'])}`
  if (operation === 'purge') return `Remove what lies in quarantine ${textOf(request['id'])} for good`
  if (operation === 'doctor') return 'Look what is to be mended in images'
  const target = request['target']
  const to = typeof target === 'string' ? ` to ${target}` : ''
  return `${verbs[operation] ?? operation} ${name}${size}${to}`
}

/** A plan as a host would make it; refused for a name that says so. */
export function inventedRunPlan(wish: InventedWish): PlanView {
  const { operation, host } = wish
  const isTaken = JSON.stringify(wish.request).includes('taken')
  if (isTaken || wish.row?.findings.block === 1) {
    const file = isTaken ? textOf(wish.request['target']) : `/srv/images/${wish.name}`
    return {
      kind: 'refusal',
      operation,
      problems: [
        isTaken
          ? {
              id: 'target-exists',
              severity: 'block',
              layer: 'L1',
              file,
              message: 'there is another file of that name now',
              remedy: 'Choose another name, or delete that file first.',
            }
          : {
              id: 'in-use',
              severity: 'block',
              layer: 'L1',
              file,
              message: `the machine ${wish.name.split('.')[0] ?? ''} has it open for writing`,
              remedy: 'Stop the machine or program that has it open, and try again.',
            },
      ],
    }
  }
  const steps = drafts(wish).map((draft): PlanStepView => ({
    host,
    needs: [],
    estimate: { bytes: null, seconds: 1 },
    undo: null,
    pointOfNoReturn: false,
    ...draft,
  }))
  const warning = warnings[operation]
  return {
    kind: 'plan',
    operation,
    summary: summaryOf(wish),
    steps,
    warnings: warning ? [warning] : [],
    estimate: {
      bytes: steps.reduce<number | null>((sum, { estimate }) => (estimate.bytes ?? 0) + (sum ?? 0), null),
      seconds: steps.reduce((sum, { estimate }) => sum + (estimate.seconds ?? 0), 0),
    },
  }
}

/** The plan as a script. */
export function inventedScript(plan: PlanView): string | null {
  if (plan.kind === 'refusal') return null
  const lines = plan.steps.map(({ id, title, layer }) => `# ${layer}: ${title}\nvarve do ${id} '{}'`)
  return ['#!/bin/sh', `# ${plan.summary}`, 'set -eu', ...lines].join('\n')
}
