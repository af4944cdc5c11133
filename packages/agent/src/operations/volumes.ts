import { existsSync } from 'node:fs'
import { randomHex } from '@varve/core/binary/random-hex'
import { parseVolumeAddress, volumeDevice, type VolumeAddress } from '@varve/core/image/volume-address'
import { noUses, type Uses } from '@varve/core/problems/use'
import { measureDisk } from '@varve/engine/disks/measure-disk'
import { blankDigest } from '@varve/engine/disks/write-device'
import { findLastingUses, findUses } from '@varve/engine/in-use/find-uses'
import { applyVolumeSnapshot } from '@varve/operations/apply-volume-snapshot/plan'
import { createVolume } from '@varve/operations/create-volume/plan'
import { deleteVolume } from '@varve/operations/delete-volume/plan'
import { snapshotVolume } from '@varve/operations/snapshot-volume/plan'
import type { VolumeFacts } from '@varve/operations/volumes/facts'
import { writeVolume } from '@varve/operations/write-volume/plan'
import { diskInput } from '../actions/image-input.ts'
import { placesOf } from '../actions/places-of.ts'
import { problemCollector, sourceFacts } from './copy-facts.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'

type Collector = ReturnType<typeof problemCollector>

export const createVolumeHere = defineLocalOperation(createVolume, async ({ size }, context) => {
  const facts = await volumeFacts(problemCollector(), context)
  return { ...facts, blank: blankDigest(size) }
})

export const writeVolumeHere = defineLocalOperation(writeVolume, async (request, context) => {
  const collector = problemCollector()
  const { collect } = collector
  const { signal } = context
  const source = await collect(async () => sourceFacts(request.source, context))
  const input = diskInput(request.source, context.ports)
  const measure =
    source && (await collect(async () => measureDisk(input, { format: 'raw', compression: 'none', signal })))
  return { ...(await volumeFacts(collector, context)), source, measure }
})

export const deleteVolumeHere = defineLocalOperation(deleteVolume, async ({ volume, snapshot }, context) => {
  const facts = await volumeFacts(problemCollector(), context)
  const named = parseVolumeAddress(volume)
  // A snapshot of ZFS has no device.
  if (snapshot !== null && named?.kind === 'zfs') return { ...facts, uses: noUses }
  const meant = named && snapshot !== null ? { ...named, volume: snapshot } : named
  return { ...facts, uses: await usesOf(meant, { purpose: 'change', facts, context }) }
})

export const snapshotVolumeHere = defineLocalOperation(snapshotVolume, async ({ volume }, context) => {
  const facts = await volumeFacts(problemCollector(), context)
  return { ...facts, uses: await usesOf(parseVolumeAddress(volume), { purpose: 'read', facts, context }) }
})

export const applyVolumeSnapshotHere = defineLocalOperation(
  applyVolumeSnapshot,
  async ({ volume, name }, context) => {
    const facts = await volumeFacts(problemCollector(), context)
    const address = parseVolumeAddress(volume)
    const asking = { purpose: 'change', facts, context } as const
    const own = await usesOf(address, asking)
    // A snapshot of ZFS has no device.
    const snapshot = address?.kind === 'lvm' ? await usesOf({ ...address, volume: name }, asking) : noUses
    const uses = { files: [...own.files, ...snapshot.files], unseen: own.unseen }
    return { ...facts, uses, kept: address && keptName(address), staging: randomHex(6), sectorSize: null }
  },
)

interface Asking {
  readonly purpose: 'read' | 'change'
  readonly facts: VolumeFacts
  readonly context: FactsContext
}

async function usesOf(volume: VolumeAddress | null, { purpose, facts, context }: Asking): Promise<Uses> {
  const path = volume && volumeDevice(volume)
  if (!facts.isOwnHost || path === null || !existsSync(path)) return noUses
  const { findWriters: find } = context.ports
  return await (purpose === 'read' ? findUses : findLastingUses)([{ path }], { purpose, find })
}

/** The name under which an original is kept, which no other has. */
export function keptName(address: VolumeAddress): VolumeAddress {
  return { ...address, volume: `${address.volume}-before-${randomHex(4)}` }
}

interface VolumeContext extends Pick<FactsContext, 'host' | 'signal'> {
  readonly ports: Pick<FactsContext['ports'], 'roots' | 'tools' | 'readPlaces'>
}

/** What the host has; an agent, and who is not root, is not asked for more than that. */
export async function volumeFacts(
  { problems, collect }: Collector,
  { ports, host, signal }: VolumeContext,
): Promise<VolumeFacts> {
  const isRoot = process.geteuid?.() === 0
  const isOwnHost = ports.roots === null
  const mayAsk = isOwnHost && isRoot && process.platform === 'linux'
  const places = mayAsk ? await collect(async () => placesOf(ports, { folders: [], signal })) : null
  return { host, system: process.platform, isRoot, isOwnHost, places, problems }
}
