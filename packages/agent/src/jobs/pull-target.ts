import { access, constants } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isSplit, rulesOf, type WritableFormat } from '@varve/core/formats/writable-formats'
import { DiskError, renamedIn } from '@varve/core/problems/disk-error'
import { targetKindFault } from '@varve/core/rules/target-kind'
import { inFolder } from '@varve/engine/files/held-folder'
import { isOfDevices } from '@varve/engine/files/library-roots'
import { writeError } from '@varve/engine/system/system-error'
import { openStaging, type Staging } from '@varve/engine/staging/staging'
import type { JobRequestOf } from '@varve/protocol/jobs'
import { amongDevices } from '../actions/inside-roots.ts'
import type { Library } from '../library/library.ts'
import { findLibrary, joinName, nameIsTaken } from '../library/library-path.ts'
import type { JobPorts } from './job-context.ts'

/** Where a pull goes. */
export interface PullTarget {
  readonly library: Library
  readonly finalPath: string
}

interface Pulled {
  readonly pullId: string
  readonly target: { readonly library: string; readonly name: string }
  readonly format: WritableFormat
  readonly subformat: string | null
}

export function pullTarget(ports: JobPorts, target: Pulled['target']): PullTarget {
  const library = findLibrary(ports.libraries, target.library)
  if (isOfDevices(library.root)) throw amongDevices(target.name)
  return { library, finalPath: joinName(library, target.name) }
}

/** Where what the pull writes lies until it is published: a hidden file, or a folder for a kind of several files. */
export function stagingOf(
  ports: JobPorts,
  { pullId, target, format, subformat }: Pulled,
): PullTarget & { readonly staging: Staging } {
  const place = pullTarget(ports, target)
  return { ...place, staging: openStaging({ target: place.finalPath, staging: pullId, format, subformat }) }
}

/**
 * Does `work` with names that stay in the folder which was judged, whatever is put in its place meanwhile: `held` is that of the
 * image. What fails is said of the name that it would have got.
 */
export async function withHeld<T>(
  { library, finalPath }: PullTarget,
  work: (held: string) => Promise<T>,
): Promise<T> {
  return await inFolder(dirname(finalPath), [library.root], async (folder) => {
    const held = join(folder.path, basename(finalPath))
    try {
      return await work(held)
    } catch (error) {
      throw renamedIn(error, held, finalPath)
    }
  })
}

/** As `withHeld`, with the staging there. */
export async function withStaging<T>(
  ports: JobPorts,
  pulled: Pulled,
  work: (target: PullTarget & { readonly staging: Staging }) => Promise<T>,
): Promise<T> {
  const { pullId: staging, target, format, subformat } = pulled
  const place = pullTarget(ports, target)
  return await withHeld(place, async (held) =>
    work({ ...place, finalPath: held, staging: openStaging({ target: held, staging, format, subformat }) }),
  )
}

/** Runs `work`; what fails about something hidden is said of the name that it would have got. */
export async function namedFinally<T>(
  { staging, finalPath }: { readonly staging: Staging; readonly finalPath: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw renamedIn(error, staging.hidden, finalPath)
  }
}

/** The kind to write as the engine takes it; throws `refused` when it is none of the format's. */
export function kindOf({
  target,
  format,
  subformat,
}: Pick<JobRequestOf<'pull'>, 'target' | 'format' | 'subformat'>): string | undefined {
  const fault = targetKindFault(format, subformat)
  if (fault !== null) throw new DiskError('refused', { file: target.name, ...fault })
  return subformat ?? undefined
}

/** Throws `target-exists` when one of the names is taken, those of the parts of its kind too (null: it is one file as it comes), `not-writable` when nothing can be made there. */
export async function assertFree(
  { library, finalPath }: PullTarget,
  kind: Pick<JobRequestOf<'pull'>, 'target' | 'format' | 'subformat' | 'virtualSize'> | null,
): Promise<void> {
  for (const path of [finalPath, ...(kind === null ? [] : await partsOf(finalPath, kind))])
    if (await nameIsTaken(path)) throw new DiskError('target-exists', { file: path })
  await access(library.root, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw writeError(error, finalPath)
  })
}

/** Parts beside an image are called after it. */
const noId = '00000000-0000-0000-0000-000000000000'

/** The files beside the image that a kind of several files has, as far as the size of the disk is known. */
async function partsOf(
  finalPath: string,
  {
    target: { name },
    format,
    subformat,
    virtualSize,
  }: Pick<JobRequestOf<'pull'>, 'target' | 'format' | 'subformat' | 'virtualSize'>,
): Promise<readonly string[]> {
  if (virtualSize === undefined || subformat === null || !isSplit(format, subformat)) return []
  const writer = await rulesOf(format).writer()
  return (writer.parts?.({ virtualSize, subformat, name, id: noId }) ?? []).map((part) =>
    join(dirname(finalPath), part),
  )
}
