import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findLab } from '@varve/lab/testing/lab-of-tests'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { labIsClean } from './testing/lab-is-clean.ts'

const folder = await findLab({ isLong: true })

/** This host's own group `vg0` with a mounted volume, and an image that is a copy of its disk: the same names, the same UUIDs. */
const group = `set -e
  truncate -s 100M /root/host.raw
  sfdisk -q /root/host.raw <<<$'label: gpt\\nsize=10M\\nsize=80M\\n'
  L=$(losetup -fP --show /root/host.raw); udevadm settle
  vgcreate -q vg0 \${L}p2
  lvcreate -q -y -n root -L 40M vg0; lvcreate -q -y -n swap -L 8M vg0
  mkfs.ext4 -q /dev/vg0/root; mkswap -q /dev/vg0/swap
  mount /dev/vg0/root /mnt; cp -a /etc/udev /mnt/; echo guest >/mnt/file; umount /mnt
  vgchange -q -an vg0; qemu-img convert -f raw -O qcow2 /root/host.raw /root/lvm.qcow2; vgchange -q -ay vg0
  mkdir -p /root/own; mount /dev/vg0/root /root/own; echo host >/root/own/file; sync
  dmsetup table >/root/table; vgs --noheadings -o vg_uuid,vg_seqno,vg_size vg0 >/root/group; touch /root/made`

const locked = `set -e
  modprobe dm_crypt
  truncate -s 80M /root/l.raw
  sfdisk -q /root/l.raw <<<$'label: gpt\\nsize=70M\\n'
  L=$(losetup -fP --show /root/l.raw); udevadm settle
  printf 'pass word' >/root/pass; head -c 64 /dev/urandom >/root/key
  K="--batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000"
  cryptsetup luksFormat $K --key-file=/root/pass \${L}p1; cryptsetup luksAddKey $K --key-file=/root/pass \${L}p1 /root/key
  cryptsetup open --key-file=/root/pass \${L}p1 one; mkfs.ext4 -q /dev/mapper/one
  mount /dev/mapper/one /mnt; echo locked >/mnt/file; umount /mnt; cryptsetup close one; losetup -d $L
  qemu-img convert -f raw -O qcow2 /root/l.raw /root/luks.qcow2; rm /root/l.raw`

const filesystems = `set -e
  for type in xfs btrfs; do
    truncate -s 330M /root/f.raw
    sfdisk -q /root/f.raw <<<$'label: gpt\\nsize=320M\\n'
    L=$(losetup -fP --show /root/f.raw); udevadm settle
    mkfs.$type -q \${L}p1; mount \${L}p1 /mnt; cp -a /etc/udev /mnt/; echo $type >/mnt/file; umount /mnt; losetup -d $L
    qemu-img convert -f raw -O qcow2 /root/f.raw /root/$type.qcow2; rm /root/f.raw
  done`

describe.skipIf(folder === null)('grow on a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    for (const made of [group, locked, filesystems]) await lab.ok(made)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const nothingIsLeft = async () => labIsClean(lab)

  const record = async (command: string): Promise<unknown> =>
    JSON.parse(await lab.ok(`${command} --yes --json`))

  test('a logical volume of a group that the host has too', async () => {
    expect(await record('varve grow /root/lvm.qcow2 --to 200M --contents')).toMatchObject({
      before: 100 * 1024 ** 2,
      virtualSize: 200 * 1024 ** 2,
      partition: 2,
      filesystem: 'ext4',
    })
    await nothingIsLeft()
    await lab.ok('varve mount /root/lvm.qcow2:vg0/root /root/m')
    expect(await lab.ok('cat /root/m/file; diff -r /etc/udev /root/m/udev')).toBe('guest')
    expect(Number(await lab.ok('stat -f -c "%b * %S" /root/m | xargs expr'))).toBeGreaterThan(120e6)
    await lab.ok('varve umount /root/m')
    await nothingIsLeft()
  })

  test('what is inside LUKS, with a passphrase or a key from standard input alone', async () => {
    expect((await lab.run('varve grow /root/luks.qcow2 --to 120M --yes')).stderr).toContain('--luks')
    const wrong = await lab.run('printf nonsense | varve grow /root/luks.qcow2 --to 120M --luks --yes --json')
    expect(wrong.exitCode).not.toBe(0)
    await nothingIsLeft()
    expect(await record("echo 'pass word' | varve grow /root/luks.qcow2 --to 120M --luks")).toMatchObject({
      partition: 1,
      filesystem: 'ext4',
      virtualSize: 120 * 1024 ** 2,
    })
    expect(await record('varve grow /root/luks.qcow2 --to 160M --luks-key </root/key')).toMatchObject({
      virtualSize: 160 * 1024 ** 2,
    })
    await nothingIsLeft()
    expect(await lab.ok('grep -rls "pass word" /root/.local /run/varve || echo none')).toBe('none')
    await lab.ok("echo 'pass word' | varve mount /root/luks.qcow2:1 /root/m --luks")
    expect(await lab.ok('cat /root/m/file')).toBe('locked')
    expect(Number(await lab.ok('stat -f -c "%b * %S" /root/m | xargs expr'))).toBeGreaterThan(100e6)
    await lab.ok('varve umount /root/m')
    await nothingIsLeft()
  })

  test.each(['xfs', 'btrfs'])('%s', async (type) => {
    expect(await record(`varve grow /root/${type}.qcow2 --to +200M --contents`)).toMatchObject({
      partition: 1,
      filesystem: type,
    })
    await nothingIsLeft()
    await lab.ok(`varve mount /root/${type}.qcow2 /root/m`)
    expect(await lab.ok('cat /root/m/file; diff -r /etc/udev /root/m/udev')).toBe(type)
    expect(Number(await lab.ok('stat -f -c "%b * %S" /root/m | xargs expr'))).toBeGreaterThan(420e6)
    await lab.ok('varve umount /root/m')
    await nothingIsLeft()
  })
})
