import { realpath } from 'node:fs/promises'
import type { ImageReport } from '@varve/core/image/image-report'
import { attachedNow, type AttachedNow } from '@varve/engine/attached/attached-now'
import { registryIn } from '@varve/engine/attached/registry'
import { openInput } from '@varve/engine/run/open-input'
import type { ImageAddress } from '@varve/operations/actions/image-address'
import type { AttachFacts, VolumeThere } from '@varve/operations/attach/facts'
import { attachOperation } from '@varve/operations/attach/plan'
import type { AttachRequest } from '@varve/operations/attach/request'
import type { AttachedVhd } from '../platform/windows-host.ts'
import { diskInput } from '../actions/image-input.ts'
import { problemCollector, sourceFacts } from './copy-facts.ts'
import { deviceWays, diskOfImage, waysOf, windowsNow, type WindowsNow } from './device-ways.ts'
import { filesForWriting, isPlainRaw, writersOf } from './files-to-attach.ts'
import { volumesIn } from './guest-volumes.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'
import { gatherAttachOnMac, macNow } from './on-macos.ts'

export const attachHere = defineLocalOperation(attachOperation, async (request, context) => {
  const mac = await macNow(context)
  if (mac) return (await gatherAttachOnMac(request, context, mac)).facts
  const windows = await windowsNow(context)
  if (windows) return (await gatherOnWindows(request, context, windows)).facts
  const { facts } = await gatherAttach(request, context, { volumes: true, isLookedInto: () => false })
  return facts
})

/** What is known of an image that Windows is to make a disk of, with what was found in it and the disk that it is already. */
export async function gatherOnWindows(
  request: AttachRequest,
  context: FactsContext,
  windows: WindowsNow,
): Promise<{
  readonly facts: AttachFacts
  readonly report: ImageReport | null
  readonly there: AttachedVhd | null
}> {
  const { host } = context
  const { problems, collect } = problemCollector()
  const image = await realpath(request.image.path).catch(() => request.image.path)
  const report = (await collect(async () => sourceFacts(request.image, context)))?.report ?? null
  const there = await diskOfImage(image, windows)
  const already = there?.disk.device ?? null
  // What has it attached uses it.
  const isFree = report !== null && already === null
  const facts: AttachFacts = {
    host,
    ways: { ...(await deviceWays(context)), ...waysOf(windows) },
    image,
    format: report?.format ?? null,
    virtualSize: report?.virtualSize ?? null,
    isPlainRaw: false,
    sectorSize: 512,
    volumes: [],
    problems: [
      ...problems,
      ...(report?.problems ?? []).filter(({ severity, asks }) => severity === 'block' || asks === true),
      ...(isFree && !request.isWritten ? await writersOf(request, context) : []),
    ],
    files: isFree && request.isWritten ? await collect(async () => filesForWriting(image, context)) : null,
    already,
  }
  return { facts, report, there }
}

/** Whether logical volumes are looked for, and in which of them filesystems are. */
export interface GuestLooking {
  readonly volumes: boolean
  readonly isLookedInto: (volume: Pick<VolumeThere, 'group' | 'name'>) => boolean
}

/** What is known of an image that is to be a device, with what was found in it and what of it is attached. */
export async function gatherAttach(
  request: AttachRequest,
  context: FactsContext,
  looking: GuestLooking,
): Promise<{
  readonly facts: AttachFacts
  readonly report: ImageReport | null
  readonly attached: readonly AttachedNow[]
}> {
  const { ports, host } = context
  const ways = await deviceWays(context)
  const { problems, collect } = problemCollector()
  const image = await realpath(request.image.path).catch(() => request.image.path)
  const none = {
    host,
    ways,
    image,
    format: null,
    virtualSize: null,
    isPlainRaw: false,
    sectorSize: 512,
    volumes: [],
    files: null,
  } as const
  const report = (await collect(async () => sourceFacts(request.image, context)))?.report ?? null
  const attached = (await attachedNow(registryIn(ports.runtimeFolder))).filter(
    ({ note }) => note.image === image,
  )
  const already = attached.find(({ isHeld, state }) => isHeld || state === 'half-made')?.note.device ?? null
  if (report === null) return { facts: { ...none, problems, already }, report, attached }
  const volumes = looking.volumes
    ? await collect(async () => volumesOfImage(request.image, report, context, looking.isLookedInto))
    : []
  const files = request.isWritten ? await collect(async () => filesForWriting(image, context)) : null
  const facts: AttachFacts = {
    ...none,
    format: report.format,
    virtualSize: report.virtualSize,
    isPlainRaw: await isPlainRaw({ ...request.image, path: image }, report),
    sectorSize: report.guest?.table.sectorSize === 4096 ? 4096 : 512,
    volumes: volumes ?? [],
    problems: [
      ...problems,
      ...report.problems.filter(({ severity, asks }) => severity === 'block' || asks === true),
      ...(request.isWritten ? [] : await writersOf(request, context)),
    ],
    files,
    already,
  }
  return { facts, report, attached }
}

/** The logical volumes of the disk; `isLookedInto`: in which of them a filesystem is looked for. */
export async function volumesOfImage(
  image: ImageAddress,
  { guest }: ImageReport,
  { ports, signal }: FactsContext,
  isLookedInto: GuestLooking['isLookedInto'],
): Promise<readonly VolumeThere[]> {
  if (guest?.volumes.some(({ type }) => type === 'lvm2') !== true) return []
  await using opened = await openInput(diskInput(image, ports), { io: 'async', signal })
  return await volumesIn(opened.disk, guest, { signal, isLookedInto })
}
