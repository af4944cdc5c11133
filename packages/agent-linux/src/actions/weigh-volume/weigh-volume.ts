import { nativeAdapter } from '@varve/agent/actions/native'
import { placesOf } from '@varve/agent/actions/places-of'
import { volumeAddress, volumeDevice } from '@varve/core/image/volume-address'
import { weighReclaimed } from '@varve/core/layers/weigh-reclaimed'
import { DiskError } from '@varve/core/problems/disk-error'
import { nodePorts } from '@varve/engine/ports/ports'
import { holderOf } from '@varve/operations/volumes/holder'
import { assertOwnHost } from '../kernel-action.ts'
import { aboutVolume, namesOf } from '../volume-names.ts'

/** Reads the bitmaps of both, and asks LVM or ZFS what the pool holds for both; refused when nothing is won. */
export const weighVolume = nativeAdapter('weigh-volume', {
  calls:
    'open(2) of both for reading, pread(2) of the bitmaps of their filesystems; lvm vgs, pvs and lvs, or zpool list and zfs list',

  async run(input, context) {
    const file = aboutVolume(input)
    assertOwnHost(context, file)
    const { ports, signal } = context
    const { final, staged } = namesOf(input)
    const [original, anew] = [final, staged].map((one) => ({
      path: volumeDevice(one),
      format: 'raw' as const,
    })) as [{ path: string; format: 'raw' }, { path: string; format: 'raw' }]
    const weighed = await weighReclaimed(original, anew, nodePorts({ roots: null, io: 'async' }), { signal })
    const places = await placesOf(ports, { folders: [], signal })
    const [was, is] = [final, staged].map((one) => holderOf(one, places)?.held ?? null)
    const before = { ...weighed.before, host: was ?? null }
    const after = { ...weighed.after, host: is ?? null }
    if (before.host !== null && after.host !== null && after.host >= before.host)
      throw new DiskError('refused', {
        file,
        reason: `the pool would hold as much for it as now: nothing is given back, and ${volumeAddress(final)} stays as it is`,
        remedy: 'Nothing is to be done.',
        finding: 'nothing-to-reclaim',
        layer: 'L1',
      })
    const { predicted } = input
    const actual = before.host === null || after.host === null ? null : before.host - after.host
    const host = predicted.find(({ kind }) => kind === 'host')
    return {
      before,
      after,
      layers: [{ layer: 'L1' as const, kind: 'host' as const, predicted: host?.bytes ?? null, actual }],
    }
  },
})
