import { startLab, type Lab, type LabOutcome } from '@varve/lab/machine/start-lab'
import { findLab } from '@varve/lab/testing/lab-of-tests'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = await findLab({ isLong: true })

/** The host's own group `vg0`, and images that are copies of its disk: the same names, the same UUIDs. */
const groups = `set -e
  truncate -s 200M /root/host.raw
  sfdisk -q /root/host.raw <<<$'label: gpt\\nsize=60M\\nsize=60M\\nsize=60M\\n'
  L=$(losetup -fP --show /root/host.raw); udevadm settle
  mkfs.ext4 -q \${L}p1
  vgcreate -q vg0 \${L}p2 \${L}p3
  lvcreate -q -y -n wide -i 2 -I 64 -l 4 vg0
  lvcreate -q -y -n root -l 16 vg0
  lvcreate -q -y -n two-faced -s -l 1 vg0/wide
  mkfs.ext4 -q /dev/vg0/root; mkfs.ext4 -q /dev/vg0/wide
  for v in root wide; do mount /dev/vg0/$v /mnt; echo "guest $v" >/mnt/file; umount /mnt; done
  mount /dev/vg0/root /mnt; echo more >/mnt/more; sync; cp /root/host.raw /root/dirty.raw; umount /mnt
  vgchange -q -an vg0
  cp /root/host.raw /root/guest.raw
  qemu-img convert -f raw -O qcow2 /root/guest.raw /root/guest.qcow2
  qemu-img convert -f raw -O qcow2 /root/dirty.raw /root/dirty.qcow2; rm /root/dirty.raw
  vgchange -q -ay vg0
  mkdir -p /root/own; mount /dev/vg0/root /root/own; echo host >/root/own/file; sync
  dmsetup table >/root/table; vgs --noheadings -o vg_uuid,vg_seqno vg0 >/root/group
  # A group of its own, that this host does not have.
  truncate -s 40M /root/other.raw
  sfdisk -q /root/other.raw <<<$'label: gpt\\nsize=30M\\n'
  M=$(losetup -fP --show /root/other.raw); udevadm settle
  vgcreate -q other \${M}p1; lvcreate -q -y -n data -l 2 other; vgchange -q -an other; losetup -d $M; udevadm settle
  qemu-img convert -f raw -O qcow2 /root/other.raw /root/other.qcow2; rm /root/other.raw
  sha256sum /root/guest.raw /root/*.qcow2 >/root/sums`

/** LUKS with a filesystem, and with a group. */
const locked = `set -e
  modprobe dm_crypt
  truncate -s 120M /root/l.raw
  sfdisk -q /root/l.raw <<<$'label: gpt\\nsize=50M\\nsize=50M\\n'
  L=$(losetup -fP --show /root/l.raw); udevadm settle
  K="--batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000"
  printf 'pass word' >/root/pass; head -c 64 /dev/urandom >/root/key
  for n in 1 2; do cryptsetup luksFormat $K --key-file=/root/pass \${L}p$n; cryptsetup luksAddKey $K --key-file=/root/pass \${L}p$n /root/key; done
  cryptsetup open --key-file=/root/pass \${L}p1 one; mkfs.ext4 -q /dev/mapper/one
  mount /dev/mapper/one /mnt; echo locked >/mnt/file; umount /mnt; cryptsetup close one
  cryptsetup open --key-file=/root/pass \${L}p2 two; vgcreate -q vg0-inside /dev/mapper/two; lvcreate -q -y -n data -l 100%FREE vg0-inside
  mkfs.ext4 -q /dev/vg0-inside/data; mount /dev/vg0-inside/data /mnt; echo inside >/mnt/file; umount /mnt
  vgchange -q -an vg0-inside; cryptsetup close two; losetup -d $L
  qemu-img convert -f raw -O qcow2 /root/l.raw /root/l.qcow2; rm /root/l.raw
  sha256sum /root/l.qcow2 >>/root/sums`

/** Filesystems as their own tools make them, clean and as they lay there while they were written to. */
const filesystems = `set -e
  truncate -s 600M /root/f.raw
  sfdisk -q /root/f.raw <<<$'label: gpt\\nsize=320M\\nsize=130M\\nsize=40M\\nsize=40M\\n'
  L=$(losetup -fP --show /root/f.raw); udevadm settle
  mkfs.xfs -q \${L}p1; mkfs.btrfs -q \${L}p2; mkfs.ntfs -q -F \${L}p3; mkfs.exfat \${L}p4 >/dev/null
  mkdir -p /mnt/1 /mnt/2 /mnt/3 /mnt/4
  for n in 1 2 3 4; do mount \${L}p$n /mnt/$n; echo "words $n" >/mnt/$n/file; done
  sync; for n in 1 2 3 4; do echo "more $n" >/mnt/$n/more; done; sync
  qemu-img convert -U -f raw -O qcow2 /root/f.raw /root/f-dirty.qcow2
  umount /mnt/1 /mnt/2 /mnt/3 /mnt/4; losetup -d $L
  qemu-img convert -f raw -O qcow2 /root/f.raw /root/f.qcow2; rm /root/f.raw
  sha256sum /root/f.qcow2 /root/f-dirty.qcow2 >>/root/sums`

/** A table that counts in sectors of 4,096 bytes. */
const wideSectors = `set -e
  truncate -s 100M /root/4k.raw
  L=$(losetup -f --show -b 4096 /root/4k.raw)
  sfdisk -q $L <<<$'label: gpt\\nsize=10240\\n'; partx -u $L
  mkfs.ext4 -q \${L}p1; mount \${L}p1 /mnt; echo wide >/mnt/file; umount /mnt; losetup -d $L
  qemu-img convert -f raw -O qcow2 /root/4k.raw /root/4k.qcow2
  sha256sum /root/4k.raw /root/4k.qcow2 >>/root/sums
  touch /root/made`

describe.skipIf(folder === null)('volumes of images on a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    for (const made of [groups, locked, filesystems, wideSectors]) await lab.ok(made)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const json = async (command: string): Promise<unknown> =>
    JSON.parse(await lab.ok(`varve ${command} --json`))
  const codeOf = ({ stdout, stderr }: LabOutcome) => `${stdout}${stderr}`

  /** Nothing of ours is left, no image was written to, and the host's own group is as it was. */
  async function nothingIsLeft(): Promise<void> {
    expect(
      await lab.ok(`find /root/guest.raw /root/4k.raw /root/*.qcow2 -newer /root/made
        find /run/varve/attached /run/udev/rules.d -type f; ls -d /root/m; pgrep -fa "attached-server|nbd-client" || true
        dmsetup table | diff /root/table - && vgs --noheadings -o vg_uuid,vg_seqno vg0 | diff /root/group -
        find /etc/lvm -newer /root/made -type f; cat /root/own/file`),
    ).toBe('host')
  }

  test('a logical volume of a group that the host has too is mounted without a look at the host’s', async () => {
    expect(await json('mount /root/guest.qcow2:vg0/root /root/m')).toMatchObject({
      volume: 'vg0/root',
      partition: null,
      device: expect.stringMatching(/^\/dev\/mapper\/varve-\w+-vg0-root$/u) as string,
    })
    expect(await lab.ok('cat /root/m/file /root/own/file')).toBe('guest root\nhost')
    expect((await lab.run('echo x >/root/m/x')).exitCode).not.toBe(0)
    expect(codeOf(await lab.run('varve detach /root/guest.qcow2'))).toContain('varve umount /root/m')
    await lab.ok('varve umount /root/m')
    await nothingIsLeft()
  })

  test('an attached image has devices of its plain and striped volumes; the others are named with the reason', async () => {
    expect(await json('attach /root/guest.raw')).toMatchObject({
      how: 'loop',
      volumes: [
        { group: 'vg0', name: 'wide' },
        { group: 'vg0', name: 'root' },
      ],
    })
    expect(await lab.ok('for m in /dev/mapper/varve-*; do blockdev --getro $m; done')).toBe('1\n1')
    expect(await lab.ok('varve attached')).toMatch(/varve-\w+-vg0-wide {2}16/u)
    const refused = await lab.run('varve mount /root/guest.raw:vg0/two-faced /root/m')
    expect(codeOf(refused)).toContain('is a snapshot')
    expect(refused.exitCode).toBe(3)
    await lab.ok('varve mount /root/guest.raw:vg0/wide /root/m')
    expect(await lab.ok('cat /root/m/file; ls /dev/mapper/varve-* | wc -l')).toBe('guest wide\n2')
    await lab.ok('varve umount /root/m && varve detach /root/guest.raw')
    await nothingIsLeft()
  })

  test('a volume that was not unmounted is replayed over an overlay', async () => {
    expect(await json('mount /root/dirty.qcow2:vg0/root /root/m')).toMatchObject({ throwAway: true })
    expect(await lab.ok('cat /root/m/more')).toBe('more')
    await lab.ok('varve umount /root/m')
    await nothingIsLeft()
  })

  test('the host’s udev activates a guest’s group of its own accord, but not one that Varve attaches', async () => {
    await lab.ok(`cp /root/other.qcow2 /root/copy.qcow2; qemu-nbd --connect /dev/nbd5 /root/copy.qcow2
      for n in $(seq 100); do [ -e /dev/mapper/other-data ] && break; sleep 0.1; done; udevadm settle`)
    expect(await lab.ok('ls /dev/mapper/other-data')).toBe('/dev/mapper/other-data')
    await lab.ok(
      'vgchange -q -an other; qemu-nbd --disconnect /dev/nbd5 >/dev/null; blockdev --setrw /dev/nbd5; udevadm settle',
    )
    await lab.ok('varve attach /root/other.qcow2; udevadm settle')
    expect(await lab.ok('ls /dev/mapper | grep other')).toMatch(/^varve-\w+-other-data$/u)
    expect(await lab.ok('find /dev/disk -lname "*nbd0*"')).toBe('')
    await lab.ok(
      'varve detach /root/other.qcow2; rm -f /root/copy.qcow2 /run/lvm/vgs_online/other /run/lvm/pvs_online/*; touch /root/made',
    )
    await nothingIsLeft()
  })

  test.each([
    ['a passphrase', 'l.qcow2:1', "echo 'pass word'", '--luks', 'locked'],
    ['a key file', 'l.qcow2:1', 'cat /root/key', '--luks-key', 'locked'],
    ['a group inside', 'l.qcow2:2:vg0-inside/data', "echo 'pass word'", '--luks', 'inside'],
  ])('LUKS is opened with %s from standard input', async (...given) => {
    const [, image, gives, option, words] = given
    await lab.ok(
      `${gives} | VARVE_LOG=trace VARVE_LOG_LEVEL=trace varve mount /root/${image} /root/m ${option} --verbose 2>/root/log`,
    )
    expect(await lab.ok('cat /root/m/file')).toBe(words)
    expect(await json('attached')).toMatchObject({ attached: [{ state: 'live', throwAway: true }] })
    await lab.ok('varve umount /root/m')
    // The passphrase is in no journal, note or log.
    expect(
      await lab.ok(
        `grep -rlE 'pass word|cGFzcyB3b3Jk' /root/log /root/.local /run/varve /var/tmp /tmp || true`,
      ),
    ).toBe('')
    await nothingIsLeft()
  })

  test('a wrong passphrase opens nothing, and leaves nothing', async () => {
    const wrong = await lab.run('echo wrong | varve mount /root/l.qcow2:1 /root/m --luks')
    expect(wrong.stderr).toContain('opens none of its key slots')
    expect(wrong.exitCode).not.toBe(0)
    const unsaid = await lab.run('echo "pass word" | varve mount /root/l.qcow2:2 /root/m --luks')
    expect(unsaid.stderr).toContain('IMAGE:PARTITION:VG/LV: vg0-inside/data')
    await nothingIsLeft()
  })

  test('what is open when everything was killed is found, shown and taken away', async () => {
    await lab.ok(`echo 'pass word' | varve mount /root/l.qcow2:2:vg0-inside/data /root/m --luks
      pkill -9 -f attached-server; sleep 2`)
    expect(await json('attached')).toMatchObject({
      attached: [{ state: 'dead-server', volumes: [{ kind: 'lvm' }, { kind: 'luks' }] }],
    })
    await lab.ok('varve umount /root/m')
    await nothingIsLeft()
  })

  // Entries 4 to 20 are the beginnings and ends of the steps, from the choice of a device to the mount.
  test.each([4, 6, 8, 11, 12, 13, 16, 17, 19, 20])(
    'a mount of a volume in LUKS, killed at entry %i of its journal, is taken away',
    async (entry) => {
      await lab.ok(`rm -rf /root/.local/state/varve/runs
        echo 'pass word' | varve mount /root/l.qcow2:2:vg0-inside/data /root/m --luks >/root/out 2>&1 & P=$!
        while kill -0 $P 2>/dev/null && [ "$(cat /root/.local/state/varve/runs/*.jsonl 2>/dev/null | wc -l)" -lt ${entry} ]; do sleep 0.02; done
        kill -9 $P && wait $P || true`)
      // An undo by the journal in turn with what finds it without one.
      await lab.ok(
        entry % 2 === 0
          ? 'varve runs $(basename /root/.local/state/varve/runs/*.jsonl .jsonl) --undo'
          : 'varve umount /root/m || varve detach /root/l.qcow2',
      )
      await nothingIsLeft()
    },
  )

  test.each([
    ['raw', '4k.raw', 'loop'],
    ['qcow2', '4k.qcow2', 'nbd-client'],
  ])('a table for sectors of 4096 bytes: %s', async (_name, image, how) => {
    const attached = (await json(`attach /root/${image}`)) as { readonly device: string }
    expect(attached).toMatchObject({ how, partitions: [{ number: 1, size: 40 * 1024 ** 2 }] })
    expect(await lab.ok(`blockdev --getss ${attached.device}`)).toBe('4096')
    await lab.ok(`varve mount /root/${image}:1 /root/m`)
    expect(await lab.ok('cat /root/m/file')).toBe('wide')
    await lab.ok(`varve umount /root/m && varve detach /root/${image}`)
    await nothingIsLeft()
  })

  test.each([
    [1, 'xfs'],
    [2, 'btrfs'],
    [3, 'ntfs'],
    [4, 'exfat'],
  ])(
    'partition %i, %s: clean it is read-only, dirty over an overlay, and no byte of the image changes',
    async (n, _type) => {
      await lab.ok(`varve mount /root/f.qcow2:${n} /root/m`)
      expect(await lab.ok('cat /root/m/file /root/m/more')).toBe(`words ${n}\nmore ${n}`)
      await lab.ok('varve umount /root/m')
      await lab.ok(`varve mount /root/f-dirty.qcow2:${n} /root/m`)
      expect(await lab.ok('cat /root/m/file /root/m/more')).toBe(`words ${n}\nmore ${n}`)
      expect((await lab.run('echo x >/root/m/x')).exitCode).not.toBe(0)
      await lab.ok('varve umount /root/m')
      await nothingIsLeft()
    },
  )

  test('after all that, each image is what it was, byte for byte', async () => {
    expect(await lab.ok('sha256sum --quiet -c /root/sums')).toBe('')
  })
})
