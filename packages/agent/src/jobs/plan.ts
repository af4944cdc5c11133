import { lstat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { isNbdAddress } from '@varve/nbd/nbd-address'
import { commandLine } from '@varve/operations/plans/shown'
import { mapPaths } from '@varve/operations/plans/request-paths'
import { Payload } from '@varve/protocol/primitives'
import { findLocalOperation } from '../operations/local-table.ts'
import { planHere } from '../operations/local-operation.ts'
import { scriptOf, shownSteps } from '../operations/shown-plan.ts'
import { findLibrary, joinName } from '../library/library-path.ts'
import type { Library } from '../library/library.ts'
import type { JobHandler } from './job-context.ts'

/** Plans an operation from the facts of this host, and renders its commands by this host's own adapters. */
export const planJob: JobHandler<'plan'> = async ({ operation: name, request: asked, library }, context) => {
  const { ports, signal } = context
  const { here, libraries } = ports
  const operation = await findLocalOperation(name)
  const request = Payload.parse(
    await mapPaths(asked, operation.operation.paths, async (path) => pathOf(path, { libraries, library })),
  )
  const plan = await planHere(operation, request, { ports: here.actions, host: here.name, signal })
  if (plan.kind === 'refusal') return { kind: 'plan', request, plan, commands: [], script: null }
  const shown = await shownSteps(plan, here.adapters)
  const shell = here.platform === 'windows' ? 'powershell' : 'posix'
  return {
    kind: 'plan',
    request,
    plan,
    commands: shown.map((step) => commandLine(step.shown)),
    script: scriptOf(plan, shown, shell),
  }
}

interface Place {
  readonly libraries: readonly Library[]
  readonly library: string | null
}

/** `.` is the library's folder itself. */
function placeIn(library: Library, name: string): string {
  return name === '.' ? library.root : joinName(library, name)
}

/** The absolute path of a name in a library; an absolute path stays, and is checked by who uses it. */
async function pathOf(name: string, { libraries, library }: Place): Promise<string> {
  // What an NBD address means is refused by name where it is read.
  if (isAbsolute(name) || isNbdAddress(name)) return name
  const candidates = library === null ? libraries : [findLibrary(libraries, library)]
  const [only, ...others] = candidates
  if (only && others.length === 0) return placeIn(only, name)
  const having: string[] = []
  for (const candidate of candidates) {
    const path = placeIn(candidate, name)
    const isThere = await lstat(path).then(
      () => true,
      () => false,
    )
    if (isThere) having.push(path)
  }
  const [found, ...more] = having
  if (found !== undefined && more.length === 0) return found
  throw new DiskError('refused', {
    file: name,
    reason:
      more.length > 0
        ? `several libraries of this host have it: ${libraries.map(({ name: each }) => each).join(', ')}`
        : 'this host has several libraries, and none of them has it',
    remedy: 'Say which library is meant.',
  })
}
