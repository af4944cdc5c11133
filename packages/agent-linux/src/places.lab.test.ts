import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findLab } from '@varve/lab/testing/lab-of-tests'
import type { PlacesView } from '@varve/protocol/places'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = await findLab()
const mib = 1024 ** 2

/** A group with a pool, a Btrfs with a quota, and an image with 5 MiB of data in it. */
const host = `set -e
  cd /root
  truncate -s 1200M pv.raw; vgcreate -q host $(losetup -f --show pv.raw)
  lvcreate -q -y --type thin-pool -L 300M -n pool host
  lvcreate -q -y -n used -L 40M host
  dd if=/dev/urandom of=/dev/host/used bs=1M count=40 oflag=direct status=none
  lvremove -q -y host/used
  truncate -s 400M b.raw; mkfs.btrfs -q b.raw; mkdir /mnt/b; mount -o loop b.raw /mnt/b
  btrfs -q subvolume create /mnt/b/imgs; btrfs quota enable /mnt/b; btrfs qgroup limit 100M /mnt/b/imgs
  truncate -s 31M a.raw; dd if=/dev/urandom of=a.raw bs=1M count=5 seek=10 conv=notrunc status=none
  printf end | dd of=a.raw bs=1 seek=$((31 * 1048576 - 3)) conv=notrunc status=none
  qemu-img convert -f raw -O qcow2 a.raw a.qcow2
  sync`

describe.skipIf(folder === null)('volumes of a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    await lab.ok(host)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const json = async (command: string) => JSON.parse(await lab.ok(`${command} --json`)) as unknown
  const places = async () => (await json('varve places')) as PlacesView
  const volumes = async () =>
    (await lab.ok('lvm lvs --noheadings -o lv_name host')).split(/\s+/u).filter((name) => name !== '')

  test('places are told: the group, its pool, Btrfs with its quota, folders', async () => {
    const { groups, btrfs, folders, unread } = await places()
    expect(unread).toEqual([])
    expect(groups).toMatchObject([
      {
        name: 'host',
        missing: 0,
        devices: [{ device: expect.stringMatching(/^\/dev\/loop/u) as string }],
        pools: [
          { address: 'lvm:host/pool', size: 300 * mib, chunkSize: 65536, zeroesNew: true, health: null },
        ],
        volumes: [],
      },
    ])
    expect(btrfs).toMatchObject([
      { mountPoint: '/mnt/b', subvolumes: [{ path: 'imgs', quota: { mostReferenced: 100 * mib } }] },
    ])
    expect(folders).toContainEqual(
      expect.objectContaining({
        path: '/mnt/b',
        place: expect.objectContaining({ filesystem: 'btrfs', copyOnWrite: true }) as object,
      }),
    )
  })

  test('a snapshot of a raw image on Btrfs is a file that shares its blocks, and is gone back to', async () => {
    await lab.ok('cp /root/a.raw /mnt/b/d.raw && sync')
    await lab.ok('cd /mnt/b && varve snapshot create d.raw before --yes && sync')
    expect(await lab.ok("filefrag -v '/mnt/b/d.raw@before' | grep -c shared")).not.toBe('0')
    await lab.ok('printf changed | dd of=/mnt/b/d.raw bs=1M seek=12 conv=notrunc status=none')
    expect(await lab.ok('cd /mnt/b && varve snapshot list d.raw')).toContain('before')
    await lab.ok('cd /mnt/b && varve snapshot apply d.raw before --yes && cmp d.raw /root/a.raw')
    await lab.ok('cd /mnt/b && varve snapshot delete d.raw before --yes')
    expect(await lab.ok('ls /mnt/b')).toBe('d.raw\nimgs')
  })

  test('a thick volume gets the disk, and zeros over what was there before', async () => {
    const record = await json('varve convert /root/a.qcow2 lvm:host/thick')
    expect(record).toMatchObject({
      path: 'lvm:host/thick',
      device: '/dev/host/thick',
      virtualSize: 31 * mib,
      verified: true,
    })
    expect(await volumes()).toEqual(['pool', 'thick'])
    await lab.ok(`cmp -n $((31 * 1048576)) /dev/host/thick /root/a.raw
      dd if=/dev/host/thick bs=1M skip=31 status=none | cmp -n 1048576 - /dev/zero`)
    const { groups } = await places()
    expect(groups[0]?.volumes).toMatchObject([
      { name: 'thick', size: 32 * mib, kind: 'linear', isOpen: false },
    ])
  })

  test('a thin volume takes what is data, and a pool that would run full is refused', async () => {
    await lab.ok('varve convert /root/a.qcow2 lvm:host/thin --thin-pool pool')
    expect(await lab.ok('cmp -n $((31 * 1048576)) /dev/host/thin /root/a.raw && echo same')).toContain('same')
    // Two pieces of 4 MiB with the data, and the one with the end: of 32 MiB.
    const used = Number(await lab.ok('lvm lvs --noheadings -o data_percent host/thin'))
    expect(used).toBeGreaterThan(0)
    expect(used).toBeLessThanOrEqual(50)
    await lab.ok('head -c 299M /dev/zero >/root/full.raw')
    const refused = await lab.run('varve convert /root/full.raw lvm:host/x --thin-pool pool')
    expect(refused.stderr).toContain('would run full')
    expect(await volumes()).toEqual(['pool', 'thick', 'thin'])
  })

  test('what is mounted is not removed; what is free is, after a word by name', async () => {
    await lab.ok('mkdir /mnt/a && mkfs.ext4 -q /dev/host/thick && mount /dev/host/thick /mnt/a')
    const remove = 'varve delete lvm:host/thick --yes --accept volume-removed'
    expect(await lab.run(remove)).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('/mnt/a') as string,
    })
    await lab.ok(`umount /mnt/a; ${remove}`)
    expect(await volumes()).toEqual(['pool', 'thin'])
  })
})
