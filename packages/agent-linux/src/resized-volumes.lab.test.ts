import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findLab } from '@varve/lab/testing/lab-of-tests'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = await findLab({ isLong: true })
const mib = 1024 ** 2

/** A group with a pool, and a thin and a thick volume with the same disk: a GPT with an ext4 in its last partition. */
const host = `set -e
  cd /root
  truncate -s 1200M pv.raw; vgcreate -q host $(losetup -f --show pv.raw)
  lvcreate -q -y --type thin-pool -L 400M -n pool host
  truncate -s 40M a.raw
  sfdisk -q a.raw <<<$'label: gpt\\nsize=4M\\nsize=32M\\n'
  L=$(losetup -fP --show a.raw); udevadm settle
  mkfs.ext4 -q \${L}p2; mount \${L}p2 /mnt; cp -a /etc/udev /mnt/; echo guest >/mnt/file; umount /mnt; losetup -d $L
  lvcreate -q -y -n thick -L 40M host; lvcreate -q -y -n thin -V 40M --thinpool pool host
  for v in thick thin; do dd if=a.raw of=/dev/host/$v bs=1M oflag=direct status=none; done
  sync`

describe.skipIf(folder === null)('volumes of another size on a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    await lab.ok(host)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const json = async (command: string) => JSON.parse(await lab.ok(`${command} --yes --json`)) as unknown
  const volumes = async () =>
    (await lab.ok('lvm lvs --noheadings -o lv_name host')).split(/\s+/u).filter((name) => name !== '')

  /** The table is whole, the filesystem sound, and its files those that were put there. */
  const isWhole = async (name: string, size: number) => {
    expect(await lab.ok(`blockdev --getsize64 /dev/host/${name}`)).toBe(`${size}`)
    expect(
      await lab.ok(`sfdisk --verify /dev/host/${name} 2>&1 | grep -o '^No errors detected'; L=$(losetup -rfP --show /dev/host/${name})
        udevadm settle; e2fsck -fn \${L}p2 >/dev/null 2>&1 && mount -o ro,noload \${L}p2 /mnt && cat /mnt/file
        diff -r /etc/udev /mnt/udev; umount /mnt; losetup -d $L`),
    ).toMatch(/^No errors detected\nguest$/u)
  }
  const nothingIsLeft = async () => {
    expect(
      await lab.ok('find /run/varve/attached /run/udev/rules.d -type f; losetup -l -n -O BACK-FILE'),
    ).toBe('/root/pv.raw')
    expect((await volumes()).filter((name) => name.startsWith('varve-'))).toEqual([])
  }

  test.each(['thin', 'thick'])(
    'a %s one grows and shrinks with its filesystem, and goes back',
    async (name) => {
      await lab.ok(`cksum </dev/host/${name} >/root/before`)
      const grown = (await json(`varve grow lvm:host/${name} --to 62M --contents`)) as {
        kept: string
        run: string
      }
      expect(grown).toMatchObject({
        image: `lvm:host/${name}`,
        before: 40 * mib,
        virtualSize: 64 * mib,
        partition: 2,
        filesystem: 'ext4',
        kept: expect.stringMatching(new RegExp(`^lvm:host/${name}-before-[0-9a-f]{8}$`, 'u')) as string,
      })
      await isWhole(name, 64 * mib)
      await nothingIsLeft()
      await lab.ok(`cksum </dev/${grown.kept.slice('lvm:'.length)} | cmp - /root/before`)
      const shrunk = (await json(`varve shrink lvm:host/${name} --to 30M`)) as { kept: string; run: string }
      expect(shrunk).toMatchObject({ before: 64 * mib, virtualSize: 32 * mib })
      await isWhole(name, 32 * mib)
      await nothingIsLeft()
      for (const { run } of [shrunk, grown]) await lab.ok(`varve runs ${run} --undo`)
      await lab.ok(`cksum </dev/host/${name} | cmp - /root/before`)
      expect((await volumes()).filter((one) => one.startsWith(name))).toEqual([name])
      await nothingIsLeft()
    },
  )

  test('a mounted one is refused; a snapshot is gone back to, and the present state kept and removed', async () => {
    await lab.ok(
      'L=$(losetup -fP --show /dev/host/thin); udevadm settle; mount ${L}p2 /mnt; echo $L >/root/loop',
    )
    for (const command of ['grow lvm:host/thin --to 62M', 'shrink lvm:host/thin --min'])
      expect((await lab.run(`varve ${command} --yes`)).exitCode).toBe(4)
    await lab.ok('varve snapshot create lvm:host/thin s1 --yes --accept in-use')
    expect((await lab.run('varve snapshot apply lvm:host/thin s1 --yes')).exitCode).toBe(4)
    await lab.ok('umount /mnt; losetup -d $(cat /root/loop)')
    await lab.ok('varve snapshot create lvm:host/thin s2; head -c 1M /dev/urandom >/dev/host/thin; sync')
    await lab.ok('cksum </dev/host/thin >/root/now')
    const { kept, run } = (await json('varve snapshot apply lvm:host/thin s2')) as {
      kept: string
      run: string
    }
    await isWhole('thin', 40 * mib)
    await lab.ok(`cksum </dev/${kept.slice('lvm:'.length)} | cmp - /root/now; varve runs ${run} --undo`)
    await lab.ok('cksum </dev/host/thin | cmp - /root/now')
    const again = (await json('varve snapshot apply lvm:host/thin s2')) as { kept: string }
    await json(`varve delete ${again.kept} --accept volume-removed`)
    await isWhole('thin', 40 * mib)
    await nothingIsLeft()
  })
})
