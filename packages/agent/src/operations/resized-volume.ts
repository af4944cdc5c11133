import { readFile, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { volumeAddress, volumeDevice } from '@varve/core/image/volume-address'
import { DiskError } from '@varve/core/problems/disk-error'
import type { DiskErrorDetails } from '@varve/core/problems/error-details'
import { findUses } from '@varve/engine/in-use/find-uses'
import type { ChainChangeFacts } from '@varve/operations/chain-change/facts'
import type { ResizedVolume } from '@varve/operations/volumes/resized'
import { hostProblems } from '@varve/operations/volumes/host-problems'
import { volumeOfDevice } from '../actions/volume-of-device.ts'
import { readLinks } from './chain-change.ts'
import type { problemCollector } from './copy-facts.ts'
import type { FactsContext } from './local-operation.ts'
import { keptName, volumeFacts } from './volumes.ts'

const noVolume = {
  reason:
    'it is a block device and no volume of LVM or ZFS that could be read, so that nothing can take its place',
  remedy: 'Name the volume as varve places does (as root), or copy what is on it into a file: varve convert.',
}

/** What this host knows of the volume that the block device is, whatever links lead to it; throws `refused` when it is none, with what is said `otherwise`. */
export async function gatherVolume(
  device: string,
  collector: ReturnType<typeof problemCollector>,
  context: FactsContext,
  otherwise: Pick<DiskErrorDetails['refused'], 'reason' | 'remedy'> = noVolume,
): Promise<ResizedVolume> {
  const facts = await volumeFacts(collector, context)
  const address = await volumeOfDevice(device, facts.places)
  if (address === null) throw new DiskError('refused', { file: device, layer: 'L1', ...otherwise })
  return { ...facts, address, kept: keptName(address), sectorSize: await sectorSizeOf(device) }
}

async function sectorSizeOf(device: string): Promise<number | null> {
  const size = await queueOf(device, 'logical_block_size')
  return size !== null && size < 1_000_000 ? size : null
}

/** Whether the kernel passes discards on; null: it does not tell. */
export async function takesDiscards(device: string): Promise<boolean | null> {
  const most = await queueOf(device, 'discard_max_bytes')
  return most === null ? null : most > 0
}

/** A number that the kernel tells of the queue of a block device. */
async function queueOf(device: string, name: string): Promise<number | null> {
  const folder = join('/sys/class/block', basename(await realpath(device)), 'queue')
  const text = await readFile(join(folder, name), 'utf8').catch(() => '')
  return /^\d{1,20}\n$/u.test(text) ? Number(text) : null
}

/** A volume as an image that another one is to take the place of. */
export async function gatherVolumeChange(
  volume: ResizedVolume,
  context: FactsContext,
): Promise<ChainChangeFacts> {
  const device = volumeDevice(volume.address)
  const name = volumeAddress(volume.address)
  const { links, problems } = await readLinks(device, context)
  const [own] = links
  const { findWriters } = context.ports
  return {
    host: context.host,
    chain: links,
    problems: [...hostProblems(name, volume), ...problems],
    image: {
      host: context.host,
      path: name,
      format: own?.format ?? null,
      virtualSize: own?.virtualSize ?? null,
      bytes: own?.virtualSize ?? 0,
      files: [device],
      elsewhere: [],
      partOf: null,
      dependents: [],
      onParts: [],
      searched: [],
      unseen: null,
      uses: await findUses([{ path: device }], { purpose: 'move', find: findWriters }),
      machines: [],
      children: [],
      keepers: [],
    },
  }
}
