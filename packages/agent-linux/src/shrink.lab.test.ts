import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findLab } from '@varve/lab/testing/lab-of-tests'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { labIsClean } from './testing/lab-is-clean.ts'

const folder = await findLab({ isLong: true })
const mib = 1024 ** 2
/** Each runs several times through all steps, under emulation. */
const slow = { timeout: 1_800_000 }

/**
 * This host's own group `vg0` with a mounted volume, and an image that is a copy of its disk: the same names, the same UUIDs. Extent 0 is
 * `swap`, 1 to 3 are free, then come `root` (20 extents) and `home` (4), which has to go where a smaller disk ends.
 */
const group = `set -e
  truncate -s 160M /root/host.raw
  sfdisk -q /root/host.raw <<<$'label: gpt\\nsize=10M\\nsize=148M\\n'
  L=$(losetup -fP --show /root/host.raw); udevadm settle
  vgcreate -q vg0 \${L}p2
  for one in hole:16 root:80 home:16; do lvcreate -q -y -n \${one%:*} -L \${one#*:}M vg0; done
  lvremove -q -y vg0/hole; lvcreate -q -y -n swap -L 4M vg0
  mkfs.ext4 -q /dev/vg0/root; mkswap -q /dev/vg0/swap; head -c 16M /dev/urandom >/dev/vg0/home
  mount /dev/vg0/root /mnt; cp -a /etc/udev /mnt/; echo guest >/mnt/file; umount /mnt
  vgchange -q -an vg0; qemu-img convert -f raw -O qcow2 /root/host.raw /root/lvm.qcow2; vgchange -q -ay vg0
  sha256sum </dev/vg0/home >/root/home; cp /root/lvm.qcow2 /root/killed.qcow2
  mkdir -p /root/own; mount /dev/vg0/root /root/own; echo host >/root/own/file; sync
  dmsetup table >/root/table; vgs --noheadings -o vg_uuid,vg_seqno,vg_size vg0 >/root/group`

/** `luks.qcow2` holds an ext4, `both.qcow2` a group like the host's with an ext4 in its `root`, behind a hole and before `data`. */
const locked = `set -e
  modprobe dm_crypt
  printf 'pass word' >/root/pass; head -c 64 /dev/urandom >/root/key
  K="--batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000"
  for name in luks both; do
    truncate -s 160M /root/$name.raw
    sfdisk -q /root/$name.raw <<<$'label: gpt\\nsize=150M\\n'
    L=$(losetup -fP --show /root/$name.raw); udevadm settle
    kind=$([ $name = luks ] && echo luks2 || echo luks1)
    cryptsetup luksFormat $K --type $kind --key-file=/root/pass \${L}p1
    cryptsetup luksAddKey $K --key-file=/root/pass \${L}p1 /root/key
    cryptsetup open --key-file=/root/pass \${L}p1 one
    place=/dev/mapper/one
    if [ $name = both ]; then
      vgcreate -q vg1 /dev/mapper/one
      for one in hole:12 root:60 data:12; do lvcreate -q -y -n \${one%:*} -L \${one#*:}M vg1; done
      lvremove -q -y vg1/hole; head -c 12M /dev/urandom >/dev/vg1/data; sha256sum </dev/vg1/data >/root/data
      place=/dev/vg1/root
    fi
    mkfs.ext4 -q $place
    mount $place /mnt; cp -a /etc/udev /mnt/; echo $name >/mnt/file; umount /mnt
    if [ $name = both ]; then vgchange -q -an vg1; fi
    cryptsetup close one; losetup -d $L
    qemu-img convert -f raw -O qcow2 /root/$name.raw /root/$name.qcow2; rm /root/$name.raw
  done`

const btrfs = `set -e
  truncate -s 900M /root/b.raw
  L=$(losetup -f --show /root/b.raw); udevadm settle
  vgcreate -q vg2 $L; lvcreate -q -y -n root -L 880M vg2; mkfs.btrfs -q /dev/vg2/root
  mount /dev/vg2/root /mnt; cp -a /etc/udev /mnt/; echo btrfs >/mnt/file; umount /mnt
  vgchange -q -an vg2; losetup -d $L; qemu-img convert -f raw -O qcow2 /root/b.raw /root/btrfs.qcow2; rm /root/b.raw`

describe.skipIf(folder === null)('shrink on a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    for (const made of [group, locked, btrfs, 'touch /root/made']) await lab.ok(made)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const nothingIsLeft = async () => labIsClean(lab)

  interface Told {
    readonly virtualSize: number
    readonly quarantine: string
    readonly run: string
  }
  const record = async (command: string): Promise<Told> =>
    JSON.parse(await lab.ok(`${command} --yes --json`)) as Told
  const digestOf = async (path: string) => lab.ok(`sha256sum <${path}`)

  /** The image as qemu-img reads it, as raw. */
  const rawOf = async (name: string) =>
    lab.ok(
      `qemu-img check -q /root/${name}.qcow2 && qemu-img convert -f qcow2 -O raw /root/${name}.qcow2 /root/r.raw && stat -c %s /root/r.raw`,
    )

  /** What LVM's own rules of udev would activate as soon as it is open stays as it is. */
  const openRaw = `echo 'activation { auto_activation_volume_list = [] } backup { backup = 0 archive = 0 }' >/etc/lvm/lvmlocal.conf
      cryptsetup open --readonly --key-file=/root/pass $P raw; Q=/dev/mapper/raw`

  /** Runs a script of bash with the first-named partition of `r.raw` as `$P`; LVM's tools as `v` see that device alone. */
  const inRaw = async (partition: number, script: string, open = '') =>
    lab.ok(`set -e; L=$(losetup -fr --show /root/r.raw); partx --add --nr ${partition} $L 2>/dev/null || partx --update $L; P=\${L}p${partition}; Q=$P
      v() { lvm "$1" --devices $Q --driverloaded n --config 'devices{scan_lvs=0} backup{backup=0 archive=0}' "\${@:2}" 2>/root/said; }
      ${open}
      ${script}
      [ $Q = $P ] || { udevadm settle; rm -f /etc/lvm/lvmlocal.conf; cryptsetup close raw; }; partx --delete $L; losetup -d $L; rm /root/r.raw`)

  test(
    'a logical volume of a group that the host has too: what lies behind it is moved before',
    slow,
    async () => {
      const before = await digestOf('/root/lvm.qcow2')
      const told = await record('varve shrink /root/lvm.qcow2 --to 80M --contents')
      expect(told).toMatchObject({
        before: 160 * mib,
        virtualSize: 80 * mib,
        partition: 2,
        filesystem: 'ext4',
      })
      await nothingIsLeft()
      expect(await digestOf(`/root/.varve-quarantine/${told.quarantine}/files/lvm.qcow2`)).toBe(before)
      expect(await rawOf('lvm')).toBe(String(80 * mib))
      // 68 MiB of the partition are 16 extents: 11 for root, 4 for home, one for swap.
      const places = await inRaw(
        2,
        `v vgck; v lvs --noheadings --segments -o lv_name,seg_start_pe,seg_pe_ranges vg0 | tr -s ' ' | sed "s,$P:,," | sort
       { dd if=$P bs=1M skip=5 count=12 status=none; dd if=$P bs=1M skip=61 count=4 status=none; } | sha256sum | diff /root/home - >&2
       E=$(losetup -fr --show -o $((17*1024*1024)) --sizelimit $((44*1024*1024)) $P); e2fsck -f -n $E >&2; losetup -d $E; sgdisk --verify /root/r.raw | grep -o 'No problems found'`,
      )
      expect(places.split('\n').map((line) => line.trim())).toEqual([
        'home 0 1-3',
        'home 3 15-15',
        'root 0 4-14',
        'swap 0 0-0',
        'No problems found',
      ])
      await lab.ok('varve mount /root/lvm.qcow2:vg0/root /root/m')
      expect(await lab.ok('cat /root/m/file; diff -r /etc/udev /root/m/udev')).toBe('guest')
      await lab.ok('varve umount /root/m')
      await lab.ok(`varve runs ${told.run} --undo --yes`)
      expect(await digestOf('/root/lvm.qcow2')).toBe(before)
      await nothingIsLeft()
    },
  )

  test('a group without room for its other volumes says so', slow, async () => {
    const said = await lab.run('varve shrink /root/lvm.qcow2 --to 24M --volume vg0/swap --yes')
    expect(said.stderr).toContain('the other volumes of vg0 have 96.0 MiB')
    await nothingIsLeft()
  })

  test.each(['started","at":"[^"]*","step":"volume"', 'done","at":"[^"]*","step":"extents-again"'])(
    'killed when its journal says %s: it goes on, and the result is whole',
    slow,
    async (words) => {
      const image = '/root/killed.qcow2'
      const before = await digestOf(image)
      const state = 'export XDG_STATE_HOME=/root/state; mkdir -p $XDG_STATE_HOME'
      const run = await lab.ok(`${state}
      (setsid varve shrink ${image} --to 80M --yes --json >/root/out 2>&1 & echo $! >/root/pid)
      for n in $(seq 6000); do grep -rqs '${words}' /root/state && break; sleep 0.05; done
      kill -9 -- -$(cat /root/pid); sleep 1; basename /root/state/varve/runs/*.jsonl .jsonl`)
      expect(await digestOf(image)).toBe(before)
      await lab.ok(`${state}; varve runs ${run} --resume --yes`)
      await nothingIsLeft()
      expect(await rawOf('killed')).toBe(String(80 * mib))
      await inRaw(
        2,
        `v vgck
         { dd if=$P bs=1M skip=5 count=12 status=none; dd if=$P bs=1M skip=61 count=4 status=none; } | sha256sum | diff /root/home -
         E=$(losetup -fr --show -o $((17*1024*1024)) --sizelimit $((44*1024*1024)) $P); e2fsck -f -n $E; losetup -d $E`,
      )
      await lab.ok(`${state}; varve runs ${run} --undo --yes && rm -r /root/state`)
      expect(await digestOf(image)).toBe(before)
    },
  )

  test('what is inside LUKS, with a passphrase or a key from standard input alone', slow, async () => {
    const before = await digestOf('/root/luks.qcow2')
    expect((await lab.run('varve shrink /root/luks.qcow2 --to 90M --yes')).stderr).toContain('--luks')
    const wrong = await lab.run(
      'printf nonsense | varve shrink /root/luks.qcow2 --to 90M --luks --yes --json',
    )
    expect(wrong.exitCode).not.toBe(0)
    const small = await lab.run('varve shrink /root/luks.qcow2 --to 20M --luks-key --yes </root/key')
    expect(small.stderr).toContain('needs')
    await nothingIsLeft()
    expect(await digestOf('/root/luks.qcow2')).toBe(before)
    const told = await record("echo 'pass word' | varve shrink /root/luks.qcow2 --to 90M --luks --contents")
    expect(told).toMatchObject({ partition: 1, filesystem: 'ext4', virtualSize: 90 * mib })
    expect(await digestOf(`/root/.varve-quarantine/${told.quarantine}/files/luks.qcow2`)).toBe(before)
    const least = await record('varve shrink /root/luks.qcow2 --min --luks-key </root/key')
    expect(least.virtualSize).toBeLessThan(70 * mib)
    await nothingIsLeft()
    expect(await lab.ok('grep -rls "pass word" /root/.local /run/varve || echo none')).toBe('none')
    expect(await rawOf('luks')).toBe(String(least.virtualSize))
    expect(
      await inRaw(
        1,
        'e2fsck -f -n $Q >&2; mount -o ro,noload $Q /mnt; cat /mnt/file; diff -r /etc/udev /mnt/udev; umount /mnt',
        openRaw,
      ),
    ).toBe('luks')
    await nothingIsLeft()
  })

  test('LVM inside LUKS1: the volume that is named', slow, async () => {
    const before = await digestOf('/root/both.qcow2')
    const unnamed = await lab.run("echo 'pass word' | varve shrink /root/both.qcow2 --to 60M --luks --yes")
    expect(unnamed.stderr).toContain('vg1/root')
    const told = await record(
      "echo 'pass word' | varve shrink /root/both.qcow2 --to 60M --luks --volume vg1/root --contents",
    )
    expect(told).toMatchObject({ partition: 1, filesystem: 'ext4', virtualSize: 60 * mib })
    await nothingIsLeft()
    expect(await digestOf(`/root/.varve-quarantine/${told.quarantine}/files/both.qcow2`)).toBe(before)
    expect(await rawOf('both')).toBe(String(60 * mib))
    const places = await inRaw(
      1,
      `v vgck; v lvs --noheadings --segments -o lv_name,seg_pe_ranges vg1 | tr -s ' ' | sed "s,$Q:,,"
       dd if=$Q bs=1M skip=1 count=12 status=none | sha256sum | diff /root/data - >&2
       E=$(losetup -fr --show -o $((13*1024*1024)) --sizelimit $((40*1024*1024)) $Q); e2fsck -f -n $E >&2; losetup -d $E`,
      openRaw,
    )
    expect(places.split('\n').map((line) => line.trim())).toEqual(['data 0-2', 'root 3-12'])
    await lab.ok("echo 'pass word' | varve mount /root/both.qcow2:1:vg1/root /root/m --luks")
    expect(await lab.ok('cat /root/m/file; diff -r /etc/udev /root/m/udev')).toBe('both')
    await lab.ok('varve umount /root/m')
    await nothingIsLeft()
  })

  test('Btrfs in LVM on the whole disk, as far as it goes', slow, async () => {
    const told = await record('varve shrink /root/btrfs.qcow2 --min --contents')
    expect(told).toMatchObject({ filesystem: 'btrfs' })
    expect(told.virtualSize).toBeLessThan(700 * mib)
    await nothingIsLeft()
    await lab.ok('varve mount /root/btrfs.qcow2:vg2/root /root/m')
    expect(await lab.ok('cat /root/m/file; diff -r /etc/udev /root/m/udev')).toBe('btrfs')
    await lab.ok('varve umount /root/m')
    await nothingIsLeft()
  })
})
