import { realpath, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { inspectImage } from '@varve/core/layers/inspect-image'
import { DiskError } from '@varve/core/problems/disk-error'
import { usesProblems } from '@varve/core/uses/use-problems'
import { profileKind } from '@varve/core/rules/target-profiles'
import { hostFileRanges } from '@varve/engine/file-ranges/host-file-ranges'
import { findUses } from '@varve/engine/in-use/find-uses'
import { nodePorts } from '@varve/engine/ports/ports'
import { backingOf, type NewOverlay } from '@varve/engine/staging/backing'
import { createOperation, type CreateFacts } from '@varve/operations/create/plan'
import type { CreateRequest } from '@varve/operations/create/request'
import { problemCollector, targetState } from './copy-facts.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'

/** Looks at what has the name of the new image, at its parent, and at the room that there is. */
export const createHere = defineLocalOperation(createOperation, async (request, context) => {
  const { problems, collect } = problemCollector()
  const { target, parent: asked, profile, subformat } = request
  const kind = profile === null ? null : profileKind(profile, request.format, subformat)
  const overlay = { target, format: kind?.format ?? request.format ?? 'qcow2' }
  const state = await collect(async () => targetState(target, [], context))
  const parent = asked ? await collect(async () => parentFacts(overlay, asked, context)) : null
  const below = parent ? usesProblems(await findUses([parent], usesAsked(context))) : []
  const place = await statfs(dirname(target)).catch(() => null)
  const freeBytes = place ? place.bavail * place.bsize : null
  const filesystem = await filesystemOf(dirname(target))
  return { host: context.host, state, parent, freeBytes, filesystem, problems, below }
})

function usesAsked({ ports: { findWriters } }: FactsContext) {
  return { purpose: 'read', find: findWriters } as const
}

async function filesystemOf(folder: string): Promise<string | null> {
  try {
    return hostFileRanges().filesystemOf(await realpath(folder)).filesystem
  } catch {
    // That there is no such folder is said by what has the name.
    return null
  }
}

async function parentFacts(
  overlay: NewOverlay,
  { path, format: asked }: NonNullable<CreateRequest['parent']>,
  { ports, signal }: FactsContext,
): Promise<CreateFacts['parent']> {
  const { roots } = ports
  const { disk } = await backingOf(overlay, { kind: 'image', path, roots, format: asked })
  const format = (disk.kind === 'image' ? disk.format : null) ?? 'raw'
  const files = nodePorts({ roots, io: 'sync' })
  const { virtualSize, details } = await inspectImage(path, files, { format, signal, map: false })
  if (virtualSize === null)
    throw new DiskError('refused', {
      file: path,
      reason: 'it does not say how large its disk is',
      remedy: 'Check it: varve check.',
    })
  const sector = details['logicalSectorSize']
  return { path, format, virtualSize, logicalSectorSize: typeof sector === 'number' ? sector : null }
}
