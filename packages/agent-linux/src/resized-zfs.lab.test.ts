import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findZfsLab, loadZfs } from '@varve/lab/zfs/load-zfs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = await findZfsLab()
const mib = 1024 ** 2

/** A pool with a volume for which room is kept back: a GPT with an ext4 in its only partition. */
const host = `set -e
  cd /root
  truncate -s 1200M z.raw; zpool create tank /root/z.raw
  truncate -s 40M a.raw; sfdisk -q a.raw <<<$'label: gpt\\nsize=36M\\n'
  L=$(losetup -fP --show a.raw); udevadm settle
  mkfs.ext4 -q \${L}p1; mount \${L}p1 /mnt; cp -a /etc/udev /mnt/; echo guest >/mnt/file; umount /mnt; losetup -d $L
  zfs create -b 16384 -V 40M tank/vm; udevadm settle
  dd if=a.raw of=/dev/zvol/tank/vm bs=1M conv=fsync status=none
  cksum </dev/zvol/tank/vm >before`

describe.skipIf(folder === null)('volumes of ZFS of another size', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    await loadZfs(lab)
    await lab.ok(host)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const json = async (command: string) =>
    JSON.parse(await lab.ok(`${command} --yes --json`)) as { readonly kept: string; readonly run: string }
  const there = async () => (await lab.ok('zfs list -H -o name -t volume,snapshot')).split('\n')
  const isWhole = async (size: number) => {
    expect(
      await lab.ok(`blockdev --getsize64 /dev/zvol/tank/vm; zfs get -Hpo value volsize tank/vm
        sfdisk --verify /dev/zvol/tank/vm 2>&1 | grep -o '^No errors detected'
        L=$(losetup -rfP --show /dev/zvol/tank/vm); udevadm settle; e2fsck -fn \${L}p1 >/dev/null 2>&1
        mount -o ro,noload \${L}p1 /mnt && cat /mnt/file; diff -r /etc/udev /mnt/udev; umount /mnt; losetup -d $L`),
    ).toBe(`${size}\n${size}\nNo errors detected\nguest`)
  }

  test('one grows and shrinks on a clone, which has room kept back as it had; it goes back, and the original away', async () => {
    await lab.ok('zfs snapshot tank/vm@mine')
    const grown = await json('varve grow zfs:tank/vm --to 60M')
    await isWhole(60 * mib)
    expect(Number(await lab.ok('zfs get -Hpo value refreservation tank/vm'))).toBeGreaterThanOrEqual(60 * mib)
    // Snapshots go with the name, so that the original can be removed.
    expect(await there()).toEqual([
      'tank/vm',
      'tank/vm@mine',
      expect.stringMatching(/^tank\/vm@varve-before-[0-9a-f]{12}$/u),
      grown.kept.slice('zfs:'.length),
    ])
    await lab.ok(`cksum </dev/zvol/${grown.kept.slice('zfs:'.length)} | cmp - /root/before`)
    const shrunk = await json('varve shrink zfs:tank/vm --to 30M')
    await isWhole(30 * mib)
    for (const { run } of [shrunk, grown]) await lab.ok(`varve runs ${run} --undo`)
    expect(await there()).toEqual(['tank/vm', 'tank/vm@mine'])
    await lab.ok('cksum </dev/zvol/tank/vm | cmp - /root/before')
    const again = await json('varve shrink zfs:tank/vm --min')
    await json(`varve delete ${again.kept} --accept volume-removed`)
    expect((await there()).filter((name) => !name.includes('@'))).toEqual(['tank/vm'])
    expect(await lab.ok('find /run/varve/attached /run/udev/rules.d -type f')).toBe('')
  })

  test('one goes back to a snapshot: nothing newer is lost, and a run that was written to since stays', async () => {
    await lab.ok(`zfs snapshot tank/vm@s1; udevadm settle; head -c 1M /dev/urandom >/dev/zvol/tank/vm; sync
      zfs snapshot tank/vm@s2; cksum </dev/zvol/tank/vm >/root/now`)
    const applied = await json('varve snapshot apply zfs:tank/vm s1')
    const kept = applied.kept.slice('zfs:'.length)
    expect(await there()).toEqual(expect.arrayContaining(['tank/vm@s1', `${kept}@s2`]))
    await lab.ok(`cksum </dev/zvol/${kept} | cmp - /root/now; varve runs ${applied.run} --undo`)
    expect(await there()).toEqual(expect.arrayContaining(['tank/vm@s1', 'tank/vm@s2']))
    await lab.ok('cksum </dev/zvol/tank/vm | cmp - /root/now')
    const again = await json('varve snapshot apply zfs:tank/vm s1')
    await lab.ok('head -c 1M /dev/urandom >/dev/zvol/tank/vm; sync; zpool sync')
    const undone = await lab.run(`varve runs ${again.run} --undo`)
    expect(undone.exitCode).not.toBe(0)
    expect(`${undone.stdout}${undone.stderr}`).toContain('somebody has changed it since')
    await lab.ok('zfs hold backup tank/vm@s1')
    expect((await lab.run('varve snapshot apply zfs:tank/vm s1 --yes')).stderr).toContain('is held')
  })
})
