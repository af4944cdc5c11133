import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findLab } from '@varve/lab/testing/lab-of-tests'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = await findLab()

/** Disks of 700 MiB with a partition of 690 MiB; `disk FILE` makes one and says its loop device. */
const helpers = `set -e
  cd /root
  loop() { losetup -fP --show $1; udevadm settle; }
  disk() { truncate -s 700M $1; printf 'label: gpt\\nsize=690M, name=root\\n' | sfdisk -q $1; loop $1; }
  fill() { cp -a /etc /mnt/; head -c 20M /dev/urandom >/mnt/large; sums >$1; umount /mnt; }
  sums() { (cd /mnt && find . -type f -exec sha256sum {} + | sort -k2); }
  sound() { sgdisk -v $1 | grep -q 'No problems found'; }`

describe.skipIf(folder === null)('shrink on a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const ok = async (script: string) => lab.ok(`${helpers}\n${script}`)
  /** Nothing of ours is left. */
  const nothingIsLeft = async () => {
    expect(await ok('ls /run/varve/attached; losetup -l -n; ls -A | grep part$ || true')).toBe('')
  }

  test('Btrfs in a qcow2, as far as it goes', async () => {
    await ok(`L=$(disk b.raw); mkfs.btrfs -q \${L}p1; mount \${L}p1 /mnt; fill b.sums; losetup -d $L
      qemu-img convert -f raw -O qcow2 b.raw b.qcow2; rm b.raw`)
    await ok('varve shrink b.qcow2 --min --contents --yes')
    const said = await ok(`qemu-img convert -f qcow2 -O raw b.qcow2 b.raw; sound b.raw; L=$(loop b.raw)
      btrfs check --readonly \${L}p1 >/dev/null 2>&1; mount -o ro \${L}p1 /mnt; sums | cmp - b.sums; umount /mnt
      losetup -d $L; stat -c %s b.raw`)
    expect(Number(said)).toBeLessThan(600 * 1024 ** 2)
    await nothingIsLeft()
  })

  test('NTFS, to a size', async () => {
    await ok(`L=$(disk n.raw); mkfs.ntfs -q -Q \${L}p1; mount -t ntfs-3g \${L}p1 /mnt
      head -c 20M /dev/urandom >/mnt/large; echo words >/mnt/words; sums >n.sums; umount /mnt; losetup -d $L
      varve shrink n.raw --to 300M --yes
      sound n.raw; L=$(loop n.raw); ntfsfix -n \${L}p1; mount -t ntfs-3g -o ro \${L}p1 /mnt
      sums | cmp - n.sums; umount /mnt; losetup -d $L`)
    expect(await ok('stat -c %s n.raw')).toBe(String(300 * 1024 ** 2))
    await nothingIsLeft()
  })

  test('XFS is refused with the way out', async () => {
    await ok('L=$(disk x.raw); mkfs.xfs -q ${L}p1; losetup -d $L')
    const refused = await lab.run('varve shrink /root/x.raw --min --yes')
    expect(refused.exitCode).not.toBe(0)
    expect(refused.stderr).toContain('xfsrestore')
  })

  test('LVM is refused; shrunk by hand as the refusal says, the disk is cut behind it', async () => {
    await ok(`L=$(disk l.raw); pvcreate -q \${L}p1; vgcreate -q vgs \${L}p1; lvcreate -q -Wn -n root -L 500M vgs
      mkfs.ext4 -q /dev/vgs/root; mount /dev/vgs/root /mnt; fill l.sums; vgchange -q -an vgs; losetup -d $L`)
    const refused = await lab.run('varve shrink /root/l.raw --min --yes')
    expect(refused.stderr).toContain('pvresize --setphysicalvolumesize')
    await ok(`L=$(loop l.raw); vgchange -q -ay vgs; e2fsck -f -p /dev/vgs/root >/dev/null
      resize2fs /dev/vgs/root 200M 2>/dev/null; lvreduce -q -f -L 200M vgs/root; vgchange -q -an vgs
      pvresize -q -y --setphysicalvolumesize 240M \${L}p1; losetup -d $L
      printf 'size=240M\\n' | sfdisk -q -N 1 l.raw
      varve shrink l.raw --min --partition none --yes
      sound l.raw; L=$(loop l.raw); vgchange -q -ay vgs; e2fsck -f -n /dev/vgs/root >/dev/null 2>&1
      mount -o ro /dev/vgs/root /mnt; sums | cmp - l.sums; umount /mnt; vgchange -q -an vgs; losetup -d $L`)
    expect(await ok('stat -c %s l.raw')).toBe(String(242 * 1024 ** 2))
    await nothingIsLeft()
  })

  test('LUKS is refused; shrunk by hand as the refusal says, the disk is cut behind it', async () => {
    const fast = '--pbkdf pbkdf2 --pbkdf-force-iterations 1000'
    await ok(`L=$(disk c.raw); printf secret >key; cryptsetup -q luksFormat ${fast} \${L}p1 key
      cryptsetup open --key-file key \${L}p1 secret; mkfs.ext4 -q /dev/mapper/secret; mount /dev/mapper/secret /mnt
      fill c.sums; cryptsetup close secret; losetup -d $L`)
    const refused = await lab.run('varve shrink /root/c.raw --min --yes')
    expect(refused.stderr).toContain('cryptsetup resize')
    await ok(`L=$(loop c.raw); cryptsetup open --key-file key \${L}p1 secret; e2fsck -f -p /dev/mapper/secret >/dev/null
      resize2fs /dev/mapper/secret 200M 2>/dev/null; cryptsetup close secret; losetup -d $L
      printf 'size=240M\\n' | sfdisk -q -N 1 c.raw
      varve shrink c.raw --min --partition none --yes
      sound c.raw; L=$(loop c.raw); cryptsetup open --key-file key \${L}p1 secret
      e2fsck -f -n /dev/mapper/secret >/dev/null 2>&1; mount -o ro /dev/mapper/secret /mnt
      sums | cmp - c.sums; umount /mnt; cryptsetup close secret; losetup -d $L`)
    expect(await ok('stat -c %s c.raw')).toBe(String(242 * 1024 ** 2))
    await nothingIsLeft()
  })
})
