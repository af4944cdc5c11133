import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findLab } from '@varve/lab/testing/lab-of-tests'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { labIsClean } from './testing/lab-is-clean.ts'

const folder = await findLab({ isLong: true })
const mib = 1024 ** 2
/** Each runs through all steps, under emulation. */
const slow = { timeout: 1_800_000 }

const putFiles = `cp -a /etc/udev /mnt/; ln /mnt/udev/udev.conf /mnt/twin; echo guest >/mnt/file
  head -c 3M /dev/urandom >/mnt/one; cp --reflink=always /mnt/one /mnt/shared; truncate -s 90M /mnt/sparse
  mkdir /mnt/project; xfs_io -c 'chproj 42' -c 'chattr +P' /mnt/project; xfs_io -c 'extsize 64k' /mnt/project
  echo kept >/mnt/kept; chattr +i /mnt/kept`
const makeXfs = 'mkfs.xfs -q -L root -m uuid=f0fabfe3-e190-462e-8ecd-438f26ad6bda,inobtcount=0 -i size=1024'
const listing = `(cd /mnt; find . -printf '%p|%y|%#m|%U|%G|%n|%T@|%l\\n' | LC_ALL=C sort; find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2
  lsattr -d project kept | tr -d ' '; xfs_io -r -c 'stat' project | grep -E 'projid|extsize'; stat -c %b sparse)`
/** Everything that another XFS could have otherwise, and its files. */
const told = (device: string) => `xfs_repair -n ${device} >&2; xfs_admin -u -l ${device}
  xfs_db -r -c 'sb 0' -c 'p features_ro_compat features_incompat inodesize' ${device}
  mount -o ro,norecovery,nouuid ${device} /mnt; ${listing}; umount /mnt`

/**
 * This host's own group `vg0`, whose `root` is mounted, and an image that is a copy of its disk: the same names, the same UUIDs. Extent 0
 * is `swap`, then come `root` (120 extents) and `data` (3), which has to go where a smaller disk ends.
 */
const group = `set -e
  truncate -s 520M /root/host.raw
  sfdisk -q /root/host.raw <<<$'label: gpt\\nsize=10M\\nname=lvm\\n'
  L=$(losetup -fP --show /root/host.raw); udevadm settle
  vgcreate -q vg0 \${L}p2
  for one in swap:4 root:480 data:12; do lvcreate -q -y -n \${one%:*} -L \${one#*:}M vg0; done
  ${makeXfs} /dev/vg0/root; mkswap -q /dev/vg0/swap; head -c 12M /dev/urandom >/dev/vg0/data
  mount /dev/vg0/root /mnt; ${putFiles}; umount /mnt
  (${told('/dev/vg0/root')}) >/root/told; sha256sum </dev/vg0/data >/root/data; sha256sum </dev/vg0/swap >/root/swap
  vgchange -q -an vg0; qemu-img convert -f raw -O qcow2 /root/host.raw /root/lvm.qcow2; vgchange -q -ay vg0
  cp /root/lvm.qcow2 /root/killed.qcow2
  mkdir -p /root/own; mount /dev/vg0/root /root/own; echo host >/root/own/file; sync
  dmsetup table >/root/table; vgs --noheadings -o vg_uuid,vg_seqno,vg_size vg0 >/root/group`

/** `luks.qcow2` holds an XFS, `both.qcow2` a group with an XFS in its `root`, before `data`. */
const locked = `set -e
  modprobe dm_crypt
  printf 'pass word' >/root/pass
  for name in luks both; do
    truncate -s 530M /root/$name.raw
    sfdisk -q /root/$name.raw <<<$'label: gpt\\nname=crypt\\n'
    L=$(losetup -fP --show /root/$name.raw); udevadm settle
    cryptsetup luksFormat --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --type luks2 --key-file=/root/pass \${L}p1
    cryptsetup open --key-file=/root/pass \${L}p1 one
    place=/dev/mapper/one
    if [ $name = both ]; then
      vgcreate -q vg1 /dev/mapper/one
      for one in root:480 data:12; do lvcreate -q -y -n \${one%:*} -L \${one#*:}M vg1; done
      head -c 12M /dev/urandom >/dev/vg1/data; sha256sum </dev/vg1/data >/root/data1
      place=/dev/vg1/root
    fi
    ${makeXfs} $place
    mount -o nouuid $place /mnt; ${putFiles}; umount /mnt; (${told('$place')}) >/root/told-$name
    if [ $name = both ]; then vgchange -q -an vg1; fi
    cryptsetup close one; losetup -d $L
    qemu-img convert -f raw -O qcow2 /root/$name.raw /root/$name.qcow2; rm /root/$name.raw
  done`

describe.skipIf(folder === null)('shrink by files in LVM and LUKS on a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    for (const made of [group, locked, 'touch /root/made']) await lab.ok(made)
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
    JSON.parse(await lab.ok(`${command} --by-files --yes --json`)) as Told
  const digestOf = async (path: string) => lab.ok(`sha256sum <${path}`)

  /** The image as qemu-img reads it, as raw. */
  const rawOf = async (name: string) =>
    lab.ok(
      `qemu-img check -q /root/${name}.qcow2 && qemu-img convert -f qcow2 -O raw /root/${name}.qcow2 /root/r.raw && stat -c %s /root/r.raw`,
    )

  /** What LVM's own rules of udev would activate as soon as it is open stays as it is. */
  const openRaw = `echo 'activation { auto_activation_volume_list = [] } backup { backup = 0 archive = 0 }' >/etc/lvm/lvmlocal.conf
      cryptsetup open --readonly --key-file=/root/pass $P raw; Q=/dev/mapper/raw`

  /** Runs a script of bash with the first-named partition of `r.raw`, or what is open of it, as `$Q`; LVM's tools as `v` see that device alone. */
  const inRaw = async (partition: number, script: string, open = '') =>
    lab.ok(`set -e; L=$(losetup -fr --show /root/r.raw); partx --add --nr ${partition} $L 2>/dev/null || partx --update $L; P=\${L}p${partition}; Q=$P
      v() { lvm "$1" --devices $Q --driverloaded n --config 'devices{scan_lvs=0} backup{backup=0 archive=0}' "\${@:2}" 2>/root/said; }
      part() { losetup -fr --show -o $(($1*1024*1024)) --sizelimit $(($2*1024*1024)) $Q; }
      ${open}
      ${script}
      [ $Q = $P ] || { udevadm settle; rm -f /etc/lvm/lvmlocal.conf; cryptsetup close raw; }; partx --delete $L; losetup -d $L; rm /root/r.raw`)

  /** Extents of `vg0` on a disk of 400 MiB: 96 in 388 MiB less the MiB before the first. */
  const isSmaller = async (name: string) => {
    expect(await rawOf(name)).toBe(String(400 * mib))
    const places = await inRaw(
      2,
      `v vgck; v lvs --noheadings --segments -o lv_name,seg_pe_ranges vg0 | tr -s ' ' | sed "s,$P:,," | sort
       dd if=$P bs=1M skip=1 count=4 status=none | sha256sum | diff /root/swap - >&2
       dd if=$P bs=1M skip=373 count=12 status=none | sha256sum | diff /root/data - >&2
       E=$(part 5 368); (${told('$E')}) | diff /root/told - >&2; losetup -d $E; sgdisk --verify /root/r.raw | grep -o 'No problems found'`,
    )
    expect(places.split('\n').map((line) => line.trim())).toEqual([
      'data 93-95',
      'root 1-92',
      'swap 0-0',
      'No problems found',
    ])
  }

  test('XFS in a group that the host has too: the volume behind it is moved before', slow, async () => {
    const image = '/root/lvm.qcow2'
    const before = await digestOf(image)
    expect((await lab.run(`varve shrink ${image} --to 400M --yes`)).stderr).toContain('--by-files')
    const made = await record(`varve shrink ${image} --to 400M`)
    expect(made).toMatchObject({
      before: 520 * mib,
      virtualSize: 400 * mib,
      partition: 2,
      filesystem: 'xfs',
    })
    await nothingIsLeft()
    expect(await digestOf(`/root/.varve-quarantine/${made.quarantine}/files/lvm.qcow2`)).toBe(before)
    await isSmaller('lvm')
    await lab.ok(`varve mount ${image}:vg0/root /root/m`)
    expect(await lab.ok('cat /root/m/file; diff -r /etc/udev /root/m/udev')).toBe('guest')
    await lab.ok('varve umount /root/m')
    await lab.ok(`varve runs ${made.run} --undo --yes`)
    expect(await digestOf(image)).toBe(before)
    await nothingIsLeft()
  })

  test('killed while it copies: it goes on, and the result is whole', slow, async () => {
    const image = '/root/killed.qcow2'
    const before = await digestOf(image)
    const state = 'export XDG_STATE_HOME=/root/state; mkdir -p $XDG_STATE_HOME'
    const run = await lab.ok(`${state}
      (setsid varve shrink ${image} --to 400M --by-files --yes --json >/root/out 2>&1 & echo $! >/root/pid)
      for n in $(seq 6000); do grep -rqs 'started","at":"[^"]*","step":"copy"' /root/state && break; sleep 0.05; done
      kill -9 -- -$(cat /root/pid); sleep 1; basename /root/state/varve/runs/*.jsonl .jsonl`)
    expect(await digestOf(image)).toBe(before)
    await lab.ok(`${state}; varve runs ${run} --resume --yes`)
    await nothingIsLeft()
    await isSmaller('killed')
    await lab.ok(`${state}; varve runs ${run} --undo --yes && rm -r /root/state`)
    expect(await digestOf(image)).toBe(before)
  })

  test('XFS in LUKS, with a passphrase from standard input alone, as far as it goes', slow, async () => {
    const image = '/root/luks.qcow2'
    const before = await digestOf(image)
    const inPlace = await lab.run(`echo 'pass word' | varve shrink ${image} --to 400M --luks --yes`)
    expect(inPlace.stderr).toContain('--by-files')
    const small = await lab.run(
      `varve shrink ${image} --to 200M --luks-key --by-files --yes --accept locked-not-seen </root/pass`,
    )
    expect(small.stderr).toContain('would be left for its filesystem')
    await nothingIsLeft()
    expect(await digestOf(image)).toBe(before)
    const made = await record(
      `echo 'pass word' | varve shrink ${image} --min --luks --accept locked-not-seen`,
    )
    expect(made).toMatchObject({ partition: 1, filesystem: 'xfs' })
    expect(made.virtualSize).toBeLessThan(340 * mib)
    await nothingIsLeft()
    expect(await lab.ok('grep -rls "pass word" /root/.local /run/varve || echo none')).toBe('none')
    expect(await digestOf(`/root/.varve-quarantine/${made.quarantine}/files/luks.qcow2`)).toBe(before)
    expect(await rawOf('luks')).toBe(String(made.virtualSize))
    await inRaw(1, `(${told('$Q')}) | diff /root/told-luks - >&2`, openRaw)
    await nothingIsLeft()
  })

  test('XFS in LVM in LUKS', slow, async () => {
    const image = '/root/both.qcow2'
    const before = await digestOf(image)
    const made = await record(
      `echo 'pass word' | varve shrink ${image} --to 400M --luks --volume vg1/root --accept locked-not-seen`,
    )
    expect(made).toMatchObject({ partition: 1, filesystem: 'xfs', virtualSize: 400 * mib })
    await nothingIsLeft()
    expect(await digestOf(`/root/.varve-quarantine/${made.quarantine}/files/both.qcow2`)).toBe(before)
    expect(await rawOf('both')).toBe(String(400 * mib))
    // 398 MiB of the partition less 16 of the header and one before the first extent: 95 of them.
    const places = await inRaw(
      1,
      `v vgck; v lvs --noheadings --segments -o lv_name,seg_pe_ranges vg1 | tr -s ' ' | sed "s,$Q:,," | sort
       dd if=$Q bs=1M skip=369 count=12 status=none | sha256sum | diff /root/data1 - >&2
       E=$(part 1 368); (${told('$E')}) | diff /root/told-both - >&2; losetup -d $E`,
      openRaw,
    )
    expect(places.split('\n').map((line) => line.trim())).toEqual(['data 92-94', 'root 0-91'])
    await lab.ok(`echo 'pass word' | varve mount ${image}:1:vg1/root /root/m --luks`)
    expect(await lab.ok('cat /root/m/file')).toBe('guest')
    await lab.ok('varve umount /root/m')
    await nothingIsLeft()
  })
})
