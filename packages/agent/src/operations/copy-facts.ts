import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openChain } from '@varve/core/chain/open-chain'
import type { ImageReport } from '@varve/core/image/image-report'
import { isDiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { systemCode, readError } from '@varve/engine/system/system-error'
import { assertNotOwnName } from '@varve/engine/files/own-names'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import { nodePorts } from '@varve/engine/ports/ports'
import { backingOf, type NewOverlay } from '@varve/engine/staging/backing'
import type { ImageAddress } from '@varve/operations/actions/image-address'
import type { CopyFacts, SourceFacts, TargetState } from '@varve/operations/convert/facts'
import { diskInput } from '../actions/image-input.ts'
import { assertTarget } from '../actions/inside-roots.ts'
import { disksAbove, wholeImage } from './image-files.ts'
import type { FactsContext } from './local-operation.ts'

/** Collects what could not be looked at, as findings of a refusal. */
export function problemCollector() {
  const problems: Problem[] = []
  return {
    problems,
    /** What `work` gives, or null when it fails for a reason that can be told. */
    collect: async <T>(work: () => Promise<T>): Promise<T | null> => {
      try {
        return await work()
      } catch (error) {
        if (!isDiskError(error) || error.code === 'canceled') throw error
        problems.push(problemFromError(error))
        return null
      }
    },
  }
}

/** An image that is to be read, inspected without a walk through all its tables. */
export async function sourceFacts(
  address: ImageAddress,
  { ports, signal }: FactsContext,
): Promise<SourceFacts & { readonly report: ImageReport }> {
  return { address, report: await inspectInput(diskInput(address, ports), { signal }) }
}

interface WantedTargets {
  readonly existing: 'refuse' | 'replace'
  /** What is read for the new images. */
  readonly read: readonly ImageAddress[]
  readonly collect: ReturnType<typeof problemCollector>['collect']
}

/** What has the names of new images, and why one of those cannot be replaced: it is a part of an image, or others are made over it. */
export async function targetFacts(
  copies: readonly { readonly target: string }[],
  { existing, read, collect }: WantedTargets,
  context: FactsContext,
): Promise<{ readonly targets: Readonly<Record<string, TargetState>>; readonly above: readonly Problem[] }> {
  const targets: Record<string, TargetState> = {}
  const above: Problem[] = []
  for (const { target } of copies) {
    const state = await collect(async () => targetState(target, read, context))
    if (state !== null) targets[target] = state
    if (state !== 'file' || existing !== 'replace') continue
    above.push(...(await wholeImage(target, context, (image) => ['varve', 'delete', image])))
    above.push(...(await disksAbove(target, context)))
  }
  return { targets, above }
}

/** What has the name of a new image. */
export async function targetState(
  target: string,
  sources: readonly ImageAddress[],
  { ports }: FactsContext,
): Promise<TargetState> {
  await assertTarget(ports, target)
  assertNotOwnName(target)
  const folder = await stat(dirname(target)).catch(() => null)
  if (!folder?.isDirectory()) return 'no-folder'
  const found = await stat(target, { bigint: true }).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null
    throw readError(error, target)
  })
  if (found === null) return 'free'
  const identity = `${found.dev}:${found.ino}`
  for (const source of sources) {
    const input = diskInput(source, ports)
    if (input.kind !== 'image') continue
    const own = await stat(source.path, { bigint: true }).catch(() => null)
    if (own && `${own.dev}:${own.ino}` === identity) return 'source'
    const { path, roots, format, choices } = input
    await using chain = await openChain(path, nodePorts({ roots }), { format, choices })
    if (chain.files.some(({ fingerprint }) => fingerprint.inode === identity)) return 'part'
  }
  return found.isFile() ? 'file' : 'other'
}

/** The image below a new one, in the format that the overlay writes down; throws `refused` when it cannot be one. */
export async function backingFacts(
  overlay: NewOverlay,
  { path, format }: { readonly path: string; readonly format: ImageAddress['format'] },
  { ports }: FactsContext,
): Promise<CopyFacts['backing']> {
  const { disk, virtualSize } = await backingOf(overlay, { kind: 'image', path, roots: ports.roots, format })
  return { path, format: (disk.kind === 'image' ? disk.format : null) ?? 'raw', virtualSize }
}
