import { realpath, stat } from 'node:fs/promises'
import { randomHex } from '@varve/core/binary/random-hex'
import { volumeDevice } from '@varve/core/image/volume-address'
import type { ImageReport } from '@varve/core/image/image-report'
import { attachedNow } from '@varve/engine/attached/attached-now'
import { registryIn } from '@varve/engine/attached/registry'
import { mountedBtrfs } from '@varve/engine/attached/mounted-btrfs'
import { stagedPath, stagingForVhdx } from '@varve/engine/files/staged-name'
import { stagedDevice } from '@varve/operations/actions/volume-name'
import type { ResizeFacts } from '@varve/operations/resize/facts'
import { resizeTools } from '@varve/operations/resize/tools'
import { volumesOfImage } from './attach.ts'
import { isPlainRaw } from './files-to-attach.ts'
import { gatherChange } from './chain-change.ts'
import { problemCollector, sourceFacts } from './copy-facts.ts'
import { deviceWays, diskOfImage, foundTools, waysOf, windowsNow } from './device-ways.ts'
import type { FactsContext } from './local-operation.ts'
import { gatherVolume, gatherVolumeChange } from './resized-volume.ts'

/** What this host finds of an image whose disk is to get another size. */
export async function gatherResize(asked: string, context: FactsContext): Promise<ResizeFacts> {
  const { ports } = context
  const isDevice = (await stat(asked).catch(() => null))?.isBlockDevice() === true
  const windows = await windowsNow(context)
  const ways = { ...(await deviceWays(context)), ...(windows && waysOf(windows)) }
  const collector = problemCollector()
  const { problems, collect } = collector
  const volume = isDevice ? await gatherVolume(asked, collector, context) : null
  const path = volume ? volumeDevice(volume.address) : await realpath(asked).catch(() => asked)
  const change = volume ? await gatherVolumeChange(volume, context) : await gatherChange(path, context)
  const address = { path, format: null, reading: {} }
  const report = (await collect(async () => sourceFacts(address, context)))?.report ?? null
  const registry = registryIn(ports.runtimeFolder)
  const attached = ways.system === 'linux' ? await attachedNow(registry) : []
  // What is attached is noted by where it lies.
  const names = new Set([path, await realpath(path).catch(() => path)])
  const held = attached.find(
    ({ note, isHeld, state }) => names.has(note.image) && (isHeld || state === 'half-made'),
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
    volume,
    work: {
      path: volume ? stagedDevice({ volume: volume.address, staging }) : stagedPath(path, staging),
      staging,
    },
    ...(windows && { attachedWork: workOn(path, stagingForVhdx(staging)) }),
    already: windows
      ? ((await diskOfImage(path, windows))?.disk.device ?? null)
      : (held?.note.device ?? null),
    guest: report?.guest ?? null,
    volumes:
      (report && (await collect(async () => volumesOfImage(address, report, context, () => true)))) ?? [],
    tools: await foundTools(resizeTools, context),
    hostBtrfs: mountedBtrfs(registry.roots.sys),
    byFiles: null,
    ...roomOf(volume ? null : report),
  }
}

const workOn = (path: string, staging: string) => ({ path: stagedPath(path, staging), staging })

/** Room beside the image, and what the work image takes of it; null: it takes none, or nobody knows. */
function roomOf(report: ImageReport | null): Pick<ResizeFacts, 'freeBytes' | 'dataBytes'> {
  if (report === null) return { freeBytes: null, dataBytes: null }
  const { format, place, chain, virtualSize } = report
  const allocated = chain.map((link) => link.allocated ?? 0).reduce((sum, bytes) => sum + bytes, 0)
  const isShared = format === 'raw' && place.copyOnWrite === true
  return { freeBytes: place.free, dataBytes: isShared ? null : Math.min(allocated, virtualSize ?? 0) }
}
