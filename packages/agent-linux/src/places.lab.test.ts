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

  test('a thin volume takes what is data, and is read as an image', async () => {
    await lab.ok('varve convert /root/a.qcow2 lvm:host/thin --thin-pool pool')
    const { groups } = await places()
    const thin = groups[0]?.volumes.find(({ name }) => name === 'thin')
    expect(thin).toMatchObject({ kind: 'thin', pool: 'pool', size: 32 * mib })
    // Two pieces of 4 MiB with the data, and the one with the end.
    expect(thin?.used).toBeLessThanOrEqual(16 * mib)
    expect(await json('varve info lvm:host/thin')).toMatchObject({ format: 'raw', virtualSize: 32 * mib })
    await lab.ok(`varve compare lvm:host/thin lvm:host/thick
      varve convert lvm:host/thin /root/back.qcow2
      qemu-img convert -O raw /root/back.qcow2 /root/back.raw
      cmp -n $((31 * 1048576)) /root/back.raw /root/a.raw`)
  })

  test('an image in another format on a volume is read as that', async () => {
    await lab.ok(
      'lvcreate -q -y -n other -L 16M host; dd if=/root/a.qcow2 of=/dev/host/other bs=1M conv=notrunc status=none; sync',
    )
    expect(await json('varve info lvm:host/other')).toMatchObject({ format: 'qcow2', virtualSize: 31 * mib })
    await lab.ok('varve compare lvm:host/other /root/a.qcow2; lvremove -q -y host/other')
  })

  test('what is mounted is neither read as a whole nor removed, and says by whom it is used', async () => {
    await lab.ok('mkfs.ext4 -q /dev/host/thick && mount /dev/host/thick /mnt/a')
    for (const command of [
      'varve convert lvm:host/thick /root/c.qcow2',
      'varve delete lvm:host/thick --yes --accept volume-removed',
    ]) {
      const refused = await lab.run(command)
      expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('/mnt/a') as string })
    }
    await lab.ok('umount /mnt/a')
  })

  test('what has no room, or a name that is taken, is refused before anything is made', async () => {
    const before = await volumes()
    for (const [command, exitCode] of [
      ['varve create lvm:host/thick --size 4M', 5],
      ['varve create lvm:host/large --size 40G', 6],
      ['varve convert /root/a.qcow2 lvm:host/x --thin-pool none', 3],
    ] as const)
      expect(await lab.run(command), command).toMatchObject({ exitCode })
    await lab.ok('head -c 299M /dev/zero | tr "\\000" x >/root/full.raw; truncate -s 400M /root/full.raw')
    const refused = await lab.run('varve convert /root/full.raw lvm:host/x --thin-pool pool')
    expect(refused.stderr).toContain('would run full')
    expect(refused.exitCode).toBe(3)
    expect(await volumes()).toEqual(before)
  })

  test('undone, a run removes its volume as long as it holds what was written, and no other', async () => {
    const { run } = (await json('varve create lvm:host/blank --size 8M')) as { run: string }
    await lab.ok(
      'cmp -n $((8 * 1048576)) /dev/host/blank /dev/zero; printf x | dd of=/dev/host/blank status=none; sync',
    )
    const refused = await lab.run(`varve runs ${run} --undo`)
    expect(refused.stderr).toContain('does not hold any more')
    expect(await volumes()).toContain('blank')
    await lab.ok(
      `dd if=/dev/zero of=/dev/host/blank bs=512 count=1 status=none; sync; varve runs ${run} --undo`,
    )
    expect(await volumes()).toEqual(['pool', 'thick', 'thin'])
  })

  test('killed while it writes, nothing has the name, and undoing leaves nothing', async () => {
    await lab.run(`varve convert /root/full.raw lvm:host/killed & P=$!
      for n in $(seq 1200); do ls /dev/host/varve-new-* 2>/dev/null && break; sleep 0.05; done
      kill -9 $P; wait $P`)
    const left = await volumes()
    expect(left).not.toContain('killed')
    expect(left.filter((name) => name.startsWith('varve-new-'))).toHaveLength(1)
    const { runs } = (await json('varve runs')) as { runs: readonly { run: string; state: string }[] }
    const open = runs.find(({ state }) => !['succeeded', 'undone', 'failed', 'canceled'].includes(state))
    await lab.ok(`varve runs ${open?.run ?? 'none'} --undo || varve runs ${open?.run ?? 'none'} --cancel`)
    expect(await volumes()).toEqual(['pool', 'thick', 'thin'])
  })

  test('a volume with a snapshot is not removed; without it, it is, after a word by name', async () => {
    await lab.ok('lvcreate -q -s -n snap host/thin')
    const refused = await lab.run('varve delete lvm:host/thin --yes --accept volume-removed')
    expect(refused.stderr).toContain('lvm:host/snap')
    await lab.ok('varve delete lvm:host/snap --yes --accept volume-removed')
    const unsaid = await lab.run('varve delete lvm:host/thin --yes')
    expect(unsaid.exitCode).toBe(10)
    await lab.ok('varve delete lvm:host/thin --yes --accept volume-removed')
    expect(await volumes()).toEqual(['pool', 'thick'])
  })
})
