import { copyFile, open, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLab, type Lab } from '../machine/start-lab.ts'
import { findLab } from './lab-of-tests.ts'

const folder = await findLab()
const mib = 1024 ** 2

describe.skipIf(folder === null)('the lab', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  test('scripts run beside each other; exit code, output and error output come back', async () => {
    const [slow, fast] = await Promise.all([
      lab.run('sleep 1; echo slow; exit 3'),
      lab.run('echo fast; echo words >&2'),
    ])
    expect(slow).toEqual({ exitCode: 3, stdout: 'slow\n', stderr: '' })
    expect(fast).toEqual({ exitCode: 0, stdout: 'fast\n', stderr: 'words\n' })
  })

  test('the command of this checkout converts an image there, and says what it was proven with', async () => {
    await lab.ok('truncate -s 64M /tmp/a.raw && mkfs.ext4 -q -d /etc /tmp/a.raw')
    await lab.ok('varve convert /tmp/a.raw /tmp/a.qcow2 --yes && qemu-img check -q /tmp/a.qcow2')
    const [raw, qcow2] = await Promise.all(
      ['/tmp/a.raw', '/tmp/a.qcow2'].map((path) => lab.ok(`varve digest ${path} --json`)),
    )
    const digestOf = (json = '') => (JSON.parse(json) as { readonly digest: string }).digest
    expect(digestOf(raw)).toMatch(/^[0-9a-f]{64}$/u)
    expect(digestOf(qcow2)).toBe(digestOf(raw))
  })

  // Every other test of the lab stands on one of these.
  test.skipIf(process.env['VARVE_LAB'] !== 'all')(
    'kernel: partitions on loop, nbd, LVM thin, LUKS, md, XFS, Btrfs, NTFS',
    { timeout: 600_000 },
    async () => {
      const said = await lab.ok(`set -e
      truncate -s 1G /root/disk.raw
      sfdisk -q /root/disk.raw <<<$'label: gpt\\nsize=300M\\nsize=300M\\n'
      L=$(losetup -fP --show /root/disk.raw); udevadm settle
      mkfs.xfs -q \${L}p1; mkdir -p /mnt/x; mount \${L}p1 /mnt/x; echo words >/mnt/x/file; umount /mnt/x
      mkfs.btrfs -q \${L}p2; mount \${L}p2 /mnt/x; umount /mnt/x
      losetup -d $L
      qemu-img create -q -f qcow2 /root/n.qcow2 512M; qemu-nbd -c /dev/nbd3 /root/n.qcow2; udevadm settle
      pvcreate -q /dev/nbd3; vgcreate -q lab /dev/nbd3; lvcreate -q -L 200M -T lab/pool; lvcreate -q -V 100M -T lab/pool -n thin
      mkntfs -q -F /dev/lab/thin; ntfsfix -n /dev/lab/thin >/dev/null
      vgchange -q -an lab; qemu-nbd -d /dev/nbd3 >/dev/null
      truncate -s 64M /root/l.raw /root/m1.raw /root/m2.raw
      echo -n secret | cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /root/l.raw -
      echo -n secret | cryptsetup open --key-file - /root/l.raw secret; mkfs.ext4 -q /dev/mapper/secret; cryptsetup close secret
      A=$(losetup -f --show /root/m1.raw); B=$(losetup -f --show /root/m2.raw)
      mdadm --create /dev/md/lab --run --level=1 --raid-devices=2 $A $B 2>/dev/null; mdadm --stop /dev/md/lab 2>/dev/null
      losetup -D; echo all`)
      expect(said.split('\n').at(-1)).toBe('all')
    },
  )

  test(
    'a disk is plugged in, written to and taken out; what was trimmed is a hole here',
    { timeout: 600_000 },
    async () => {
      await using place = await tempPlace()
      const file = place.file('disk.raw')
      {
        await using handle = await open(file, 'w')
        await handle.truncate(256 * mib)
      }
      const disk = await lab.plug(file, { serial: 'trimmed' })
      await lab.ok(`set -e; mkfs.ext4 -q -E nodiscard ${disk.device}; mkdir -p /mnt/t; mount ${disk.device} /mnt/t
      head -c 100M /dev/urandom >/mnt/t/big; sync`)
      const full = await allocated(file)
      await lab.ok('rm /mnt/t/big; sync; fstrim /mnt/t; umount /mnt/t')
      await disk.unplug()
      const left = await allocated(file)
      expect(full).toBeGreaterThan(100 * mib)
      expect(left).toBeLessThan(50 * mib)
    },
  )

  test(
    'what stands still has on its disk what a power cut leaves, to the byte',
    { timeout: 600_000 },
    async () => {
      await using place = await tempPlace()
      const [file, copy] = [place.file('disk.raw'), place.file('copy.raw')]
      {
        await using handle = await open(file, 'w')
        await handle.truncate(128 * mib)
      }
      await using machine = await startLab(folder ?? '')
      const { device } = await machine.plug(file, { serial: 'cut' })
      await machine.ok(
        `mkfs.ext4 -q ${device}; mkdir -p /mnt/c; mount ${device} /mnt/c; touch /mnt/c/begun; sync`,
      )
      const ended = machine
        .run('while true; do head -c 1M /dev/urandom >/mnt/c/$RANDOM; sync; done')
        .catch(() => null)
      const before = await allocated(file)
      while ((await allocated(file)) < before + 8 * mib) await sleep(50)
      await machine.freeze(async () => {
        await copyFile(file, copy)
        await sleep(500)
        await machine.cutPower()
      })
      expect(await ended).toBeNull()
      const [left, copied] = await Promise.all([readFile(file), readFile(copy)])
      expect(left.equals(copied)).toBe(true)
    },
  )
})

async function allocated(path: string): Promise<number> {
  await using handle = await open(path)
  return (await handle.stat()).blocks * 512
}
