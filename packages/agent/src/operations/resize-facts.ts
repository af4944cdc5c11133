import { randomBytes } from 'node:crypto'
import { realpath, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ImageReport } from '@varve/core/image/image-report'
import { attachedNow } from '@varve/engine/attached/attached-now'
import { registryIn } from '@varve/engine/attached/registry'
import { hostFileRanges } from '@varve/engine/file-ranges/host-file-ranges'
import { stagedPath } from '@varve/engine/files/staged-name'
import { namesIn } from '@varve/engine/in-use/proc-files'
import { openInput } from '@varve/engine/run/open-input'
import type { ResizeFacts } from '@varve/operations/resize/facts'
import { diskInput } from '../actions/image-input.ts'
import { gatherChange } from './chain-change.ts'
import { problemCollector, sourceFacts } from './copy-facts.ts'
import { deviceWays } from './device-ways.ts'
import { volumesIn } from './guest-volumes.ts'
import type { FactsContext } from './local-operation.ts'

/** Those for tables, volumes and filesystems. */
const resizeTools = [
  'losetup',
  'partx',
  'sfdisk',
  'mount',
  'unshare',
  'setpriv',
  'e2fsck',
  'resize2fs',
  'xfs_repair',
  'xfs_growfs',
  'btrfs',
  'ntfsresize',
  'ntfs-3g',
  'mkswap',
  'lvm',
] as const

/** Filesystems on which a copy can share all its blocks with what it was made of. */
const sharing = new Set(['btrfs', 'xfs', 'zfs', 'bcachefs', 'apfs', 'refs'])

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
  const attached = ways.isOwnHost && ways.system === 'linux' ? await attachedNow(registry) : []
  const held = attached.find(
    ({ note, isHeld, state }) => note.image === path && (isHeld || state === 'half-made'),
  )
  const staging = randomBytes(6).toString('hex')
  return {
    ...change,
    problems: [
      ...change.problems,
      ...problems,
      ...(report?.problems ?? []).filter(({ severity }) => severity === 'block'),
    ],
    ways,
    isPlainRaw: await isPlainRaw(path, report),
    work: { path: stagedPath(path, staging), staging },
    already: held?.note.device ?? null,
    guest: report?.guest ?? null,
    volumes: (report && (await collect(async () => volumesOf(path, report, context)))) ?? [],
    tools: await toolsOf(context),
    hostBtrfs: namesIn(join(registry.roots.sys, 'fs/btrfs')).filter((name) => name.length === 36),
    ...(await roomOf(path, report)),
  }
}

async function volumesOf(path: string, { guest }: ImageReport, { ports, signal }: FactsContext) {
  if (guest?.volumes.some(({ type }) => type === 'lvm2') !== true) return []
  const input = diskInput({ path, format: null, reading: {} }, ports)
  await using opened = await openInput(input, { io: 'async', signal })
  return await volumesIn(opened.disk, guest, { signal, isLookedInto: () => true })
}

async function toolsOf({ ports }: FactsContext): Promise<string[]> {
  const found = await Promise.all(resizeTools.map(async (tool) => ports.tools.find(tool)))
  return resizeTools.filter((_, at) => found[at] !== null)
}

/** Whether the bytes of its one file are those of the disk. */
async function isPlainRaw(path: string, report: ImageReport | null): Promise<boolean> {
  if (report?.format !== 'raw' || report.chain.length !== 1 || report.fileSize !== report.virtualSize)
    return false
  const stats = await stat(path).catch(() => null)
  return stats?.isFile() === true
}

/** Room beside the image, and what the work image takes of it; null: it takes none, or nobody knows. */
async function roomOf(
  path: string,
  report: ImageReport | null,
): Promise<Pick<ResizeFacts, 'freeBytes' | 'dataBytes'>> {
  const place = await statfs(dirname(path)).catch(() => null)
  const freeBytes = place === null ? null : place.bavail * place.bsize
  const links = report?.chain ?? []
  const allocated = links.map((link) => link.allocated ?? 0).reduce((sum, bytes) => sum + bytes, 0)
  const isShared = report?.format === 'raw' && sharing.has(filesystemAt(dirname(path)) ?? '')
  return {
    freeBytes,
    dataBytes: isShared || report === null ? null : Math.min(allocated, report.virtualSize ?? 0),
  }
}

function filesystemAt(folder: string): string | null {
  try {
    return hostFileRanges().filesystemOf(folder).filesystem
  } catch {
    return null
  }
}
