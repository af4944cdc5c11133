import { quote } from '@varve/core/problems/disk-error'
import { bytesInWords } from '@varve/core/units/format-bytes'
import type { Problem } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import { replaceImage } from '../actions/replace-image.ts'
import { setAside } from '../actions/set-aside.ts'
import { stageCopy } from '../actions/stage-copy.ts'
import { step, type Plan, type Refusal } from '../plans/plan.ts'
import { publishStep } from '../plans/staged-steps.ts'
import { freshId, from } from '../plans/wired.ts'
import { checkStep } from './check-step.ts'
import type { ExternalFacts, SnapshotFact, SnapshotFacts } from './facts.ts'
import { planOf } from './plan-of.ts'
import { formatProblems, meantSnapshot, newNameProblems } from './problems.ts'

/** The file beside a raw image that shares the blocks it had when the snapshot was made; read as `IMAGE@NAME`. */
export function sharedSnapshotPath(image: string, name: string): string {
  return `${image}@${name}`
}

/** Where the filesystem shares blocks, a snapshot of a raw image is a file beside it. */
export function planSharedCreate(name: string, facts: ExternalFacts): Plan | Refusal {
  const { host, path, problems } = facts
  const found = [
    ...formatProblems(facts),
    ...newNameProblems(facts, name),
    ...fileNameProblems(facts, name),
    ...takenProblems(facts, name),
    ...problems,
  ]
  const target = sharedSnapshotPath(path, name)
  const image = { target, format: 'raw', subformat: null } as const
  return planOf(facts.host, {
    operation: 'snapshot-create',
    summary: `Keep the present state of ${baseName(path)} as ${JSON.stringify(name)}, sharing its blocks`,
    steps: [
      step(stageCopy, { id: 'share', host, input: { source: path, image: { ...image, staging: freshId } } }),
      publishStep({ host, by: 'share', image }),
    ],
    found,
    subjects: [path, target],
  })
}

/** A copy of the snapshot, which shares its blocks again, takes the place of the image; the image goes into quarantine. */
export function planSharedApply(wanted: string, facts: SnapshotFacts): Plan | Refusal {
  const { host, path, problems } = facts
  const { snapshot, problems: unknown } = meantSnapshot(facts, wanted)
  const name = snapshot?.name ?? wanted
  const image = { target: path, format: 'raw', subformat: null } as const
  const source = sharedSnapshotPath(path, name)
  const kept: Problem = {
    id: 'state-is-kept',
    severity: 'info',
    layer: 'L1',
    file: path,
    message: `What ${quote(path)} holds now goes into the quarantine of its folder.`,
    remedy: 'varve restore brings it back, or varve runs ID --undo.',
  }
  return planOf(facts.host, {
    operation: 'snapshot-apply',
    summary: `Take ${baseName(path)} back to snapshot ${JSON.stringify(name)}`,
    steps: [
      step(stageCopy, { id: 'share', host, input: { source, image: { ...image, staging: freshId } } }),
      step(replaceImage, {
        id: 'replace',
        host,
        input: { image: { ...image, staging: from('share', 'staging') }, quarantine: freshId },
        needs: ['nobody has the image open'],
      }),
      checkStep(facts),
    ],
    found: [...unknown, ...problems, ...otherSize(facts, snapshot), kept],
    subjects: [path, source],
  })
}

/** A snapshot that is a file of its own can be restored, as any file that Varve deletes. */
export function planSharedDelete(wanted: string, facts: SnapshotFacts): Plan | Refusal {
  const { host, path, problems } = facts
  const { snapshot, problems: unknown } = meantSnapshot(facts, wanted)
  const name = snapshot?.name ?? wanted
  const file = sharedSnapshotPath(path, name)
  return planOf(facts.host, {
    operation: 'snapshot-delete',
    summary: `Put snapshot ${JSON.stringify(name)} of ${baseName(path)} into quarantine`,
    steps: [
      step(setAside, {
        id: 'set-aside',
        host,
        input: { path: file, quarantine: freshId, why: 'deleted', only: null },
      }),
    ],
    found: [...unknown, ...problems],
    subjects: [file],
  })
}

/** A file of that name is a snapshot already; anything else is in its way. */
function takenProblems({ path, isTaken, snapshots }: ExternalFacts, name: string): Problem[] {
  if (!isTaken || snapshots.some((one) => one.name === name)) return []
  const file = sharedSnapshotPath(path, name)
  return [
    {
      id: 'target-exists',
      severity: 'block',
      layer: 'L1',
      file: path,
      message: `L1 ${quote(path)}: ${quote(file)} is there already, and is no file`,
      remedy: 'Choose another name.',
    },
  ]
}

/** Whoever has put a file there under such a name need not have meant a snapshot. */
function otherSize({ path, virtualSize }: SnapshotFacts, snapshot: SnapshotFact | null): Problem[] {
  const { size, name } = snapshot ?? {}
  if (size === undefined) return []
  return [
    {
      id: 'size-then',
      severity: 'warn',
      asks: true,
      layer: 'L3',
      file: path,
      message: `L3 ${quote(path)}: its disk has ${bytesInWords(virtualSize ?? 0)}, and ${quote(sharedSnapshotPath(path, name ?? ''))} has ${bytesInWords(size)}`,
      remedy: 'See what that file is first (varve info).',
    },
  ]
}

function fileNameProblems({ path }: SnapshotFacts, name: string): Problem[] {
  if (!/[/\\:\uFFFD]/u.test(name)) return []
  return [
    {
      id: 'snapshot-name',
      severity: 'block',
      layer: 'L1',
      file: path,
      message: `L1 ${quote(path)}: ${quote(name)} cannot be part of the name of a file, which a snapshot of a raw image is`,
      remedy: 'Choose a name of text, without slash, backslash and colon.',
    },
  ]
}

/** Whether the snapshots of the image are files, if it has any. */
export function hasSharedSnapshots({ format, snapshots, sharesBlocks }: SnapshotFacts): boolean {
  return format === 'raw' && (sharesBlocks === true || snapshots.length > 0)
}
