import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findLab } from '@varve/lab/testing/lab-of-tests'
import { findZfsLab, loadZfs } from '@varve/lab/zfs/load-zfs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const mib = 1024 ** 2

/** A disk with an ext4 in its only partition, and how what was deleted in it is left in a volume's blocks. */
const disk = `set -e
  cd /root
  truncate -s 48M a.raw; sfdisk -q a.raw <<<$'label: gpt\\nsize=44M\\n'
  L=$(losetup -fP --show a.raw); udevadm settle
  mkfs.ext4 -q \${L}p1; mount \${L}p1 /mnt; cp -a /etc/udev /mnt/; echo guest >/mnt/file; umount /mnt; losetup -d $L`
const used = (device: string) => `L=$(losetup -fP --show ${device}); udevadm settle
  mount \${L}p1 /mnt; head -c 24M /dev/urandom >/mnt/junk; sync; rm /mnt/junk; umount /mnt; losetup -d $L; sync`

interface Ran {
  readonly run: string
  readonly steps: readonly { readonly id: string; readonly outcome: unknown }[]
}

/** The commands of a test with a volume of the lab. */
function volumeIn(lab: () => Lab, name: string, device: string) {
  const json = async (command: string) => JSON.parse(await lab().ok(`${command} --json`)) as unknown
  return {
    json,
    async isWhole() {
      expect(
        await lab()
          .ok(`sfdisk --verify ${device} 2>&1 | grep -o '^No errors detected'; L=$(losetup -rfP --show ${device})
          udevadm settle; e2fsck -fn \${L}p1 >/dev/null 2>&1 && mount -o ro,noload \${L}p1 /mnt && cat /mnt/file
          diff -r /etc/udev /mnt/udev; umount /mnt; losetup -d $L`),
      ).toBe('No errors detected\nguest')
    },
    /** What its report says that the pool would hold less. */
    async predicted(kind: string) {
      const survey = (await json(`varve reclaim ${name} --report`)) as {
        before: { host: number }
        after: { host: number }
      }
      expect(survey).toMatchObject({ holder: { kind, held: survey.before.host } })
      expect(survey.before.host - survey.after.host).toBeGreaterThan(23 * mib)
      return survey.before.host - survey.after.host
    },
    /** Runs it and gives what it gave back, and where the original is now. */
    async reclaim() {
      const { run, steps } = (await json(`varve reclaim ${name} --yes`)) as Ran
      const outcomeOf = (id: string) => steps.find((step) => step.id === id)?.outcome
      const { layers } = outcomeOf('weigh') as { layers: readonly [{ actual: number }] }
      const { kept } = outcomeOf('replace') as { kept: string }
      return { run, kept, actual: layers[0].actual }
    },
  }
}

const folder = await findLab({ isLong: true })

describe.skipIf(folder === null)('a thin volume gives free blocks back on a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    await lab.ok(`${disk}
      truncate -s 600M pv.raw; vgcreate -q host $(losetup -f --show pv.raw)
      lvcreate -q -y --type thin-pool -L 200M -n pool host; lvcreate -q -y -n thick -L 8M host
      lvcreate -q -y -n vm -V 48M --thinpool pool host
      dd if=a.raw of=/dev/host/vm bs=1M conv=fsync status=none
      ${used('/dev/host/vm')}`)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const poolHolds = async () =>
    (Number(await lab.ok('lvs --noheadings -o data_percent host/pool')) / 100) * 200 * mib

  const volume = volumeIn(() => lab, 'lvm:host/vm', '/dev/host/vm')

  test('what it predicted, and is undone', async () => {
    await lab.ok('cksum </dev/host/vm >/root/before')
    const predicted = await volume.predicted('thin')
    const { run, kept, actual } = await volume.reclaim()
    expect(actual).toBeGreaterThanOrEqual(0.9 * predicted)
    await volume.isWhole()
    await lab.ok(`cksum </dev/${kept.slice('lvm:'.length)} | cmp - /root/before; varve runs ${run} --undo`)
    await lab.ok('cksum </dev/host/vm | cmp - /root/before')
    expect(await lab.ok('lvm lvs --noheadings -o lv_name host | tr -s "\\n " " "')).toBe(' pool thick vm')
  })

  test('once the original is removed, the pool has the room; nothing is left to be given back', async () => {
    const full = await poolHolds()
    const { kept, actual } = await volume.reclaim()
    await lab.ok(`varve delete ${kept} --yes --accept volume-removed`)
    expect(full - (await poolHolds())).toBeGreaterThanOrEqual(0.9 * actual)
    const ended = await lab.run('varve reclaim lvm:host/vm --yes')
    expect(ended.exitCode).not.toBe(0)
    expect(ended.stderr).toContain('nothing is given back')
    expect(await lab.ok('lvm lvs --noheadings -o lv_name host | tr -s "\\n " " "')).toBe(' pool thick vm')
  })

  test('one that is thick is refused, and one whose pool ignores discards', async () => {
    expect((await lab.run('varve reclaim lvm:host/thick --yes')).stderr).toContain('it is thick')
    await lab.ok(`lvchange -an host/vm; lvchange -an host/pool
      lvchange --discards ignore host/pool; lvchange -ay host/vm`)
    expect((await lab.run('varve reclaim lvm:host/vm --yes')).stderr).toContain('takes no discards')
  })
})

const zfsFolder = await findZfsLab()

describe.skipIf(zfsFolder === null)('a volume of ZFS gives free blocks back', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(zfsFolder ?? '')
    await loadZfs(lab)
    await lab.ok(`${disk}
      truncate -s 600M z.raw; zpool create tank /root/z.raw
      zfs create -s -b 16384 -V 48M tank/vm; udevadm settle
      dd if=a.raw of=/dev/zvol/tank/vm bs=1M conv=fsync status=none
      ${used('/dev/zvol/tank/vm')}; zpool sync`)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const volume = volumeIn(() => lab, 'zfs:tank/vm', '/dev/zvol/tank/vm')

  test('what it predicted, and is undone', async () => {
    await lab.ok('cksum </dev/zvol/tank/vm >/root/before')
    const predicted = await volume.predicted('zfs')
    const { run, kept, actual } = await volume.reclaim()
    expect(actual).toBeGreaterThanOrEqual(0.9 * predicted)
    await volume.isWhole()
    await lab.ok(`cksum </dev/zvol/${kept.slice('zfs:'.length)} | cmp - /root/before
      varve runs ${run} --undo`)
    expect(await lab.ok('zfs list -H -o name -t volume,snapshot')).toBe('tank/vm')
    await lab.ok('cksum </dev/zvol/tank/vm | cmp - /root/before')
  })

  test('once the original is removed, and the snapshot that the copy was made of, the pool has the room', async () => {
    const allocated = async () => Number(await lab.ok('zpool sync; zpool list -Hp -o allocated tank'))
    const full = await allocated()
    const { kept, actual } = await volume.reclaim()
    const [, snapshot = ''] = (await lab.ok('zfs list -H -o name -t snapshot')).split('@')
    await lab.ok(`varve delete ${kept} --yes --accept volume-removed
      varve snapshot delete zfs:tank/vm ${snapshot} --yes --accept volume-removed`)
    expect(full - (await allocated())).toBeGreaterThanOrEqual(0.9 * actual)
  })
})
