import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findZfsLab, loadZfs } from '@varve/lab/zfs/load-zfs'
import type { PlacesView } from '@varve/protocol/places'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = await findZfsLab()
const mib = 1024 ** 2

/** A pool with a filesystem that has a quota, and an image with 5 MiB of data in it. */
const host = `set -e
  cd /root
  truncate -s 1200M z.raw; zpool create tank /root/z.raw
  zfs create -o quota=200M tank/set; zfs create tank/images
  truncate -s 31M a.raw; dd if=/dev/urandom of=a.raw bs=1M count=5 seek=10 conv=notrunc status=none
  printf end | dd of=a.raw bs=1 seek=$((31 * 1048576 - 3)) conv=notrunc status=none
  qemu-img convert -f raw -O qcow2 a.raw a.qcow2; cp a.qcow2 /tank/images/
  sync`

describe.skipIf(folder === null)('ZFS of a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    await loadZfs(lab)
    await lab.ok(host)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const json = async (command: string) => JSON.parse(await lab.ok(`${command} --json`)) as unknown
  const pool = async () => ((await json('varve places')) as PlacesView).zpools[0]
  const volumes = async () => (await lab.ok('zfs list -H -o name -t volume,snapshot')).split('\n')

  test('the pool is told, with its filesystems and their quota', async () => {
    expect((await json('varve places')) as PlacesView).toMatchObject({ unread: [] })
    expect(await pool()).toMatchObject({
      name: 'tank',
      health: 'ONLINE',
      readOnly: false,
      volumes: [],
      snapshots: [],
    })
    expect((await pool())?.datasets).toContainEqual(
      expect.objectContaining({ name: 'tank/set', quota: 200 * mib, mountPoint: '/tank/set' }),
    )
  })

  test('an image with a cluster map of its own on ZFS is found', async () => {
    expect(await lab.ok('varve info /tank/images/a.qcow2')).toContain('zfs copies each write')
  })

  test('a volume gets the disk, thick or sparse', async () => {
    expect(await json('varve convert /root/a.qcow2 zfs:tank/thick')).toMatchObject({
      path: 'zfs:tank/thick',
      device: '/dev/zvol/tank/thick',
      virtualSize: 31 * mib,
      verified: true,
    })
    await lab.ok('varve convert /root/a.qcow2 zfs:tank/sparse --sparse')
    for (const name of ['thick', 'sparse'])
      expect(await lab.ok(`cmp -n $((31 * 1048576)) /dev/zvol/tank/${name} /root/a.raw && echo same`)).toBe(
        'same',
      )
    const told = (await pool())?.volumes
    expect(told).toMatchObject([
      { name: 'tank/sparse', reserved: 0, blockSize: 16384 },
      { name: 'tank/thick', blockSize: 16384 },
    ])
    expect(told?.[1]?.reserved).toBeGreaterThanOrEqual(31 * mib)
    expect(Number(await lab.ok('zpool sync; zfs get -Hpo value referenced tank/sparse'))).toBeLessThan(
      8 * mib,
    )
  })

  test('a volume is read as an image is', async () => {
    await lab.ok('varve convert zfs:tank/sparse /root/back.qcow2 --accept raw-unrecognised')
    expect(
      await lab.ok('varve compare zfs:tank/sparse /root/back.qcow2 && varve info zfs:tank/thick'),
    ).toContain('31')
    await lab.ok('qemu-img compare -f qcow2 -F raw /root/back.qcow2 /root/a.raw')
  })

  test.each([
    ['a name that is taken', 'varve create zfs:tank/thick --size 8M', 'thick'],
    ['no room in the pool', 'varve create zfs:tank/x --size 3G', 'are needed'],
    ['a quota', 'varve create zfs:tank/set/x --size 400M', '200 MiB are free'],
    ['no filesystem to lie in', 'varve create zfs:tank/none/x --size 8M', 'tank/none'],
    ['a pool that is not there', 'varve create zfs:void/x --size 8M', 'void'],
  ])('refused, and nothing is made: %s', async (_why, command, words) => {
    const before = await volumes()
    const refused = await lab.run(command)
    expect(refused.exitCode).not.toBe(0)
    expect(refused.stderr).toContain(words)
    expect(await volumes()).toEqual(before)
  })

  test('a snapshot is made, keeps its volume, and is removed; one that is held stays', async () => {
    await lab.ok('varve snapshot create zfs:tank/thick before --yes')
    await lab.ok('zfs hold backup tank/thick@before')
    expect((await pool())?.snapshots).toMatchObject([{ name: 'tank/thick@before', holds: 1, clones: [] }])
    const remove = 'varve snapshot delete zfs:tank/thick before --yes --accept volume-removed'
    const held = await lab.run(remove)
    expect(held.exitCode).not.toBe(0)
    expect(held.stderr).toContain('1 hold')
    const kept = await lab.run('varve delete zfs:tank/thick --yes --accept volume-removed')
    expect(kept.exitCode).not.toBe(0)
    expect(kept.stderr).toContain('before')
    await lab.ok(`zfs release backup tank/thick@before; ${remove}`)
    expect((await pool())?.snapshots).toEqual([])
  })

  test('what is mounted is not removed; what is free is, after a word by name', async () => {
    await lab.ok('mkdir -p /mnt/a && mkfs.ext4 -q /dev/zvol/tank/thick && mount /dev/zvol/tank/thick /mnt/a')
    const remove = 'varve delete zfs:tank/thick --yes --accept volume-removed'
    expect(await lab.run(remove)).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('/mnt/a') as string,
    })
    await lab.ok(`umount /mnt/a; ${remove}`)
    expect(await volumes()).toEqual(['tank/sparse'])
  })

  test('killed while it is written, the volume is taken away by its run', async () => {
    await lab.ok(`rm -rf /root/.local/state/varve/runs
      varve convert /root/a.qcow2 zfs:tank/killed >/root/out 2>&1 & P=$!
      for n in $(seq 600); do zfs list -H -o name -t volume | grep -q varve-new && break; sleep 0.02; done
      kill -9 $P; wait $P || true`)
    expect(await volumes()).toHaveLength(2)
    await lab.ok('varve runs $(basename /root/.local/state/varve/runs/*.jsonl .jsonl) --undo')
    expect(await volumes()).toEqual(['tank/sparse'])
  })
})
