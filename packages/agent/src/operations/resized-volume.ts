import { readFile, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import {
  parseVolumeAddress,
  volumeAddress,
  volumeDevice,
  type VolumeAddress,
} from '@varve/core/image/volume-address'
import { DiskError } from '@varve/core/problems/disk-error'
import { findUses } from '@varve/engine/in-use/find-uses'
import type { ChainChangeFacts } from '@varve/operations/chain-change/facts'
import type { ResizedVolume } from '@varve/operations/volumes/resized'
import { hostProblems } from '@varve/operations/volumes/host-problems'
import { readLinks } from './chain-change.ts'
import type { problemCollector } from './copy-facts.ts'
import type { FactsContext } from './local-operation.ts'
import { keptName, volumeFacts } from './volumes.ts'

/** What this host knows of the volume that the block device is, whatever links lead to it; throws `refused` when it is none. */
export async function gatherVolume(
  device: string,
  collector: ReturnType<typeof problemCollector>,
  context: FactsContext,
): Promise<ResizedVolume> {
  const facts = await volumeFacts(collector, context)
  const address = await addressOf(device, facts.places)
  if (address === null)
    throw new DiskError('refused', {
      file: device,
      reason:
        'it is a block device and no volume of LVM or ZFS that could be read, so that nothing can take its place',
      remedy:
        'Name the volume as varve places does (as root), or copy what is on it into a file: varve convert.',
      layer: 'L1',
    })
  return { ...facts, address, kept: keptName(address), sectorSize: await sectorSizeOf(device) }
}

/** The volume that has that device. */
async function addressOf(device: string, places: ResizedVolume['places']): Promise<VolumeAddress | null> {
  const real = await realpath(device)
  const addresses = [
    ...(places?.groups ?? []).flatMap(({ volumes }) => volumes.map(({ address }) => address)),
    ...(places?.zpools ?? []).flatMap(({ volumes }) => volumes.map(({ address }) => address)),
  ]
  for (const text of addresses) {
    const address = parseVolumeAddress(text)
    if (address === null) continue
    const own = await realpath(volumeDevice(address)).catch(() => null)
    if (own === real) return address
  }
  return null
}

async function sectorSizeOf(device: string): Promise<number | null> {
  const name = basename(await realpath(device))
  const text = await readFile(join('/sys/class/block', name, 'queue/logical_block_size'), 'utf8').catch(
    () => '',
  )
  return /^\d{1,6}\n$/u.test(text) ? Number(text) : null
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
