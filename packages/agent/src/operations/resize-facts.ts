import { realpath } from 'node:fs/promises'
import { randomHex } from '@varve/core/binary/random-hex'
import type { ImageReport } from '@varve/core/image/image-report'
import { attachedNow } from '@varve/engine/attached/attached-now'
import { registryIn } from '@varve/engine/attached/registry'
import { mountedBtrfs } from '@varve/engine/attached/mounted-btrfs'
import { stagedPath } from '@varve/engine/files/staged-name'
import type { ResizeFacts } from '@varve/operations/resize/facts'
import { resizeTools } from '@varve/operations/resize/tools'
import { isPlainRaw, volumesOfImage } from './attach.ts'
import { gatherChange } from './chain-change.ts'
import { problemCollector, sourceFacts } from './copy-facts.ts'
import { deviceWays, foundTools } from './device-ways.ts'
import type { FactsContext } from './local-operation.ts'

/** What this host finds of an image whose disk is to get another size. */
export async function gatherResize(asked: string, context: FactsContext): Promise<ResizeFacts> {
  const { ports } = context
  const path = await realpath(asked).catch(() => asked)
  const ways = await deviceWays(context)
  const change = await gatherChange(path, context)
  const { problems, collect } = problemCollector()
  const address = { path, format: null, reading: {} }
  const report = (await collect(async () => sourceFacts(address, context)))?.report ?? null
  const registry = registryIn(ports.runtimeFolder)
  const attached = ways.system === 'linux' ? await attachedNow(registry) : []
  const held = attached.find(
    ({ note, isHeld, state }) => note.image === path && (isHeld || state === 'half-made'),
  )
  const staging = randomHex(6)
  return {
    ...change,
    problems: [
      ...change.problems,
      ...problems,
      ...(report?.problems ?? []).filter(({ severity }) => severity === 'block'),
    ],
    ways,
    isPlainRaw: report !== null && (await isPlainRaw(address, report)),
    work: { path: stagedPath(path, staging), staging },
    already: held?.note.device ?? null,
    guest: report?.guest ?? null,
    volumes:
      (report && (await collect(async () => volumesOfImage(address, report, context, () => true)))) ?? [],
    tools: await foundTools(resizeTools, context),
    hostBtrfs: mountedBtrfs(registry.roots.sys),
    byFiles: null,
    ...roomOf(report),
  }
}

/** Room beside the image, and what the work image takes of it; null: it takes none, or nobody knows. */
function roomOf(report: ImageReport | null): Pick<ResizeFacts, 'freeBytes' | 'dataBytes'> {
  if (report === null) return { freeBytes: null, dataBytes: null }
  const { format, place, chain, virtualSize } = report
  const allocated = chain.map((link) => link.allocated ?? 0).reduce((sum, bytes) => sum + bytes, 0)
  const isShared = format === 'raw' && place.copyOnWrite === true
  return { freeBytes: place.free, dataBytes: isShared ? null : Math.min(allocated, virtualSize ?? 0) }
}
