import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { DiskError, renamedIn } from '@varve/core/problems/disk-error'
import { targetKindFault } from '@varve/core/rules/target-kind'
import { writeError } from '@varve/engine/files/system-error'
import type { JobRequestOf } from '@varve/protocol/jobs'
import type { Library } from '../library/library.ts'
import { findLibrary, joinName, nameIsTaken } from '../library/library-path.ts'
import { partFileName } from '../library/part-file.ts'
import type { JobPorts } from './job-context.ts'

/** Where a pull goes. */
export interface PullTarget {
  readonly library: Library
  readonly finalPath: string
}

export function pullTarget(
  ports: JobPorts,
  target: { readonly library: string; readonly name: string },
): PullTarget {
  const library = findLibrary(ports.libraries, target.library)
  return { library, finalPath: joinName(library, target.name) }
}

/** The file that the pull `pullId` writes until it is published. */
export function partPathOf(
  ports: JobPorts,
  request: { readonly pullId: string; readonly target: { readonly library: string; readonly name: string } },
): PullTarget & { readonly partPath: string } {
  const target = pullTarget(ports, request.target)
  return { ...target, partPath: join(target.library.root, partFileName(request.target.name, request.pullId)) }
}

/** Runs `work`; what fails about the hidden part file is said of the name that it would have got. */
export async function namedFinally<T>(
  { partPath, finalPath }: { readonly partPath: string; readonly finalPath: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw renamedIn(error, partPath, finalPath)
  }
}

/** The kind to write as the engine takes it; throws `refused` when it is none of the format's or several files. */
export function kindOf({
  target,
  format,
  subformat,
}: Pick<JobRequestOf<'pull'>, 'target' | 'format' | 'subformat'>): string | undefined {
  const fault = targetKindFault(format, subformat)
  if (fault !== null) throw new DiskError('refused', { file: target.name, ...fault })
  return subformat ?? undefined
}

/** Throws `target-exists` when the name is taken, `not-writable` when nothing can be made there. */
export async function assertFree({ library, finalPath }: PullTarget): Promise<void> {
  if (await nameIsTaken(finalPath)) throw new DiskError('target-exists', { file: finalPath })
  await access(library.root, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw writeError(error, finalPath)
  })
}
