import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findLab } from '@varve/lab/testing/lab-of-tests'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = await findLab({ isLong: true })
const mib = 1024 ** 2
/** Each runs several times through all steps, under emulation. */
const slow = { timeout: 1_800_000 }

/** An XFS with what only it has: projects, sizes of extents, blocks that files share. */
const made = `set -e
  truncate -s 560M /root/x.raw
  head -c 440 /dev/urandom | dd of=/root/x.raw conv=notrunc status=none
  sfdisk -q /root/x.raw <<<$'label: gpt\\nsize=10M, type=U, name=ESP\\nsize=10M, type=S\\nname=root, uuid=44444444-4444-4444-8444-4444444444BB\\n'
  L=$(losetup -fP --show /root/x.raw); udevadm settle
  mkfs.fat -i ABCD1234 \${L}p1 >/dev/null; mkswap -q -U 5fa21a55-f394-4a4d-9958-1951a67d5540 \${L}p2
  mkfs.xfs -q -L root -m uuid=f0fabfe3-e190-462e-8ecd-438f26ad6bda,inobtcount=0 -i size=1024 \${L}p3
  mount \${L}p3 /mnt; cp -a /etc/udev /mnt/; ln /mnt/udev/udev.conf /mnt/twin
  head -c 3M /dev/urandom >/mnt/one; cp --reflink=always /mnt/one /mnt/shared; truncate -s 90M /mnt/sparse
  mkdir /mnt/project; xfs_io -c 'chproj 42' -c 'chattr +P' /mnt/project; xfs_io -c 'extsize 64k' /mnt/project
  echo kept >/mnt/kept; chattr +i /mnt/kept; xfs_db -r -c 'sb 0' -c 'p features_ro_compat features_incompat inodesize' \${L}p3 >/root/made-as
  umount /mnt; losetup -d $L; qemu-img convert -f raw -O qcow2 /root/x.raw /root/x.qcow2; cp /root/x.qcow2 /root/killed.qcow2`

const listing = `(cd /mnt; find . -printf '%p|%y|%#m|%U|%G|%n|%T@|%l\\n' | LC_ALL=C sort; find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2
  lsattr -d project kept | tr -d ' '; xfs_io -r -c 'stat' project | grep -E 'projid|extsize'; stat -c %b sparse)`

describe.skipIf(folder === null)('shrink by files on a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    await lab.ok(made)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const digestOf = async (path: string) => lab.ok(`sha256sum <${path}`)

  const nothingIsLeft = async () => {
    expect(
      await lab.ok('find /run/varve/attached -type f; ls /root/.*.part 2>/dev/null; losetup -l -n'),
    ).toBe('')
  }

  /** All that is known of the root of an image. */
  const filesOf = async (image: string) =>
    lab.ok(`set -e
      qemu-img convert -f qcow2 -O raw ${image} /root/r.raw
      L=$(losetup -frP --show /root/r.raw); udevadm settle
      xfs_repair -n \${L}p3 >&2; xfs_admin -u -l \${L}p3; blkid -p -s UUID -o value \${L}p1 \${L}p2
      xfs_db -r -c 'sb 0' -c 'p features_ro_compat features_incompat inodesize' \${L}p3 | diff /root/made-as - >&2
      head -c 440 /root/r.raw | sha256sum; sfdisk --part-uuid /root/r.raw 3
      mount -o ro,norecovery \${L}p3 /mnt; ${listing}; umount /mnt; losetup -d $L; rm /root/r.raw`)

  test('XFS: its files and all that is known of them, UUIDs and the loader are the same', slow, async () => {
    const image = '/root/x.qcow2'
    const [before, files] = [await digestOf(image), await filesOf(image)]
    expect(files).toContain('fsxattr.projid = 42')
    expect((await lab.run(`varve shrink ${image} --to 400M --yes`)).stderr).toContain('--by-files')
    const told = JSON.parse(await lab.ok(`varve shrink ${image} --to 400M --by-files --yes --json`)) as {
      readonly run: string
      readonly quarantine: string
    }
    expect(told).toMatchObject({ before: 560 * mib, virtualSize: 400 * mib, partition: 3, filesystem: 'xfs' })
    await nothingIsLeft()
    expect(await digestOf(`/root/.varve-quarantine/${told.quarantine}/files/x.qcow2`)).toBe(before)
    expect(await filesOf(image)).toBe(files)
    await lab.ok(`varve runs ${told.run} --undo --yes`)
    expect(await digestOf(image)).toBe(before)
    await nothingIsLeft()
  })

  test.each(['copy', 'flags'])(
    'killed while it does %s: it goes on, and the result is whole',
    slow,
    async (step) => {
      const image = '/root/killed.qcow2'
      const [before, files] = [await digestOf(image), await filesOf(image)]
      const state = 'export XDG_STATE_HOME=/root/state; mkdir -p $XDG_STATE_HOME'
      const words = `started","at":"[^"]*","step":"${step}"`
      const run = await lab.ok(`${state}
      (setsid varve shrink ${image} --to 400M --by-files --yes --json >/root/out 2>&1 & echo $! >/root/pid)
      for n in $(seq 6000); do grep -rqs '${words}' /root/state && break; sleep 0.05; done
      kill -9 -- -$(cat /root/pid); sleep 1; basename /root/state/varve/runs/*.jsonl .jsonl`)
      expect(await digestOf(image)).toBe(before)
      await lab.ok(`${state}; varve runs ${run} --resume --yes`)
      await nothingIsLeft()
      expect(await filesOf(image)).toBe(files)
      await lab.ok(`${state}; varve runs ${run} --undo --yes && rm -r /root/state`)
      expect(await digestOf(image)).toBe(before)
    },
  )
})
