import type { ActionAdapter } from '@varve/agent/actions/adapter'
import { actionTable, type ActionName } from '@varve/operations/actions/action-table'
import { expect, test } from 'vitest'
import { linuxActions } from './adapter-table.ts'

const uuid = 'y9Y2m7-sJds-odES-LwsQ-2InE-8z8K-QISXHK'
const holds = '0'.repeat(64)
const lvm = { volume: { kind: 'lvm', group: 'pve', volume: 'vm-1' }, staging: 'abc' }
const zfs = { volume: { kind: 'zfs', group: 'tank', volume: 'vms/vm-1' }, staging: 'abc' }

async function argvOf(
  name: keyof typeof linuxActions & ActionName,
  input: unknown,
): Promise<readonly string[]> {
  const adapter = (await linuxActions[name]()) as ActionAdapter
  return adapter.command(actionTable[name].input.parse(input)).argv
}

test('a thick volume is made with the beginning cleared, and with its mark', async () => {
  expect(await argvOf('make-volume', { ...lvm, size: 4194304 })).toEqual(
    'lvm lvcreate --yes --quiet --name varve-new-abc --addtag varve-made-abc --wipesignatures y --zero y --size 4194304b pve'.split(
      ' ',
    ),
  )
})

test('a thin volume is made in its pool', async () => {
  expect(await argvOf('make-volume', { ...lvm, size: 4194304, pool: 'data' })).toEqual(
    'lvm lvcreate --yes --quiet --name varve-new-abc --addtag varve-made-abc --type thin --thinpool data --virtualsize 4194304b pve'.split(
      ' ',
    ),
  )
})

test('a volume of ZFS is made beside where it is to be, sparse or not', async () => {
  const made = { ...zfs, size: 65536, blockSize: 16384 }
  expect(await argvOf('make-volume', made)).toEqual(
    'zfs create -b 16384 -V 65536 tank/vms/varve-new-abc'.split(' '),
  )
  expect(await argvOf('make-volume', { ...made, sparse: true })).toEqual(
    'zfs create -s -b 16384 -V 65536 tank/vms/varve-new-abc'.split(' '),
  )
})

test('only what this run made is discarded', async () => {
  expect(await argvOf('discard-volume', lvm)).toEqual([
    ...'lvm lvremove --yes --quiet --select'.split(' '),
    'lv_name=varve-new-abc && lv_tags={varve-made-abc}',
    'pve',
  ])
  expect(await argvOf('discard-volume', zfs)).toEqual(['zfs', 'destroy', 'tank/vms/varve-new-abc'])
})

test('it gets its name, and loses it', async () => {
  const named = { virtualSize: 4096, holds }
  expect(await argvOf('name-volume', { ...lvm, ...named })).toEqual(
    'lvm lvrename --quiet pve varve-new-abc vm-1'.split(' '),
  )
  expect(await argvOf('hide-volume', { ...lvm, ...named })).toEqual(
    'lvm lvrename --quiet pve vm-1 varve-new-abc'.split(' '),
  )
  expect(await argvOf('name-volume', { ...zfs, ...named })).toEqual(
    'zfs rename tank/vms/varve-new-abc tank/vms/vm-1'.split(' '),
  )
})

test('a snapshot of LVM is a volume with a mark, and one of ZFS a name', async () => {
  const named = { name: 'before' }
  expect(await argvOf('snapshot-volume', { ...lvm, ...named })).toEqual(
    'lvm lvcreate --yes --quiet --snapshot --setactivationskip n --name before --addtag varve-made-abc pve/vm-1'.split(
      ' ',
    ),
  )
  expect(await argvOf('snapshot-volume', { ...zfs, ...named })).toEqual([
    'zfs',
    'snapshot',
    'tank/vms/vm-1@before',
  ])
  expect(await argvOf('discard-snapshot', { ...lvm, ...named })).toContain(
    'lv_name=before && lv_tags={varve-made-abc}',
  )
  for (const name of ['discard-snapshot', 'remove-snapshot'] as const)
    expect(await argvOf(name, { ...zfs, ...named })).toEqual(['zfs', 'destroy', 'tank/vms/vm-1@before'])
  for (const name of ['a b', '-r', 'pool_tdata', 'a/b'])
    expect(actionTable['snapshot-volume'].input.safeParse({ ...lvm, name }).success).toBe(false)
})

test('a volume is copied by reference, and gets another size', async () => {
  const origin = { volume: { ...lvm.volume, volume: 's1' }, snapshot: null }
  expect(await argvOf('copy-volume', { ...lvm, origin })).toEqual(
    'lvm lvcreate --yes --quiet --snapshot --setactivationskip n --name varve-new-abc --addtag varve-made-abc pve/s1'.split(
      ' ',
    ),
  )
  expect(await argvOf('copy-volume', { ...zfs, origin: { volume: zfs.volume, snapshot: 's1' } })).toEqual(
    'zfs clone tank/vms/vm-1@s1 tank/vms/varve-new-abc'.split(' '),
  )
  const input = actionTable['copy-volume'].input
  expect(input.safeParse({ ...lvm, origin: { ...origin, snapshot: 's1' } }).success).toBe(false)
  for (const snapshot of [null, 'a b', '-r/x', '@'])
    expect(input.safeParse({ ...zfs, origin: { volume: zfs.volume, snapshot } }).success).toBe(false)
  expect(await argvOf('extend-volume', { ...lvm, size: 8388608 })).toEqual(
    'lvm lvextend --yes --quiet --size 8388608b pve/varve-new-abc'.split(' '),
  )
  expect(await argvOf('extend-volume', { ...zfs, size: 8388608 })).toEqual(
    'zfs set volsize=8388608 tank/vms/varve-new-abc'.split(' '),
  )
  expect(await argvOf('extend-volume', { ...zfs, size: 8388608, isReserved: true })).toEqual(
    'zfs set volsize=8388608 refreservation=auto tank/vms/varve-new-abc'.split(' '),
  )
})

async function nativeOf(name: keyof typeof linuxActions & ActionName, input: unknown): Promise<string> {
  const adapter = (await linuxActions[name]()) as ActionAdapter
  return adapter.command(actionTable[name].input.parse(input)).native ?? ''
}

test('what is cut keeps whole extents or blocks', async () => {
  expect(await nativeOf('cut-volume', { ...lvm, size: 4194305, unit: 4194304 })).toMatch(
    /, then lvm lvreduce --yes --force --quiet --fs ignore --size 8388608b pve\/varve-new-abc, or without/u,
  )
  expect(await nativeOf('cut-volume', { ...zfs, size: 16385, unit: 16384 })).toMatch(
    /, then zfs set volsize=32768 tank\/vms\/varve-new-abc$/u,
  )
})

test('names are exchanged, and back; of ZFS snapshots go with the name', async () => {
  const swap = (staged: typeof lvm | typeof zfs, volume: string) => ({
    ...staged,
    kept: { ...staged.volume, volume },
    uuid: null,
    holds,
    virtualSize: 4096,
  })
  expect(await nativeOf('replace-volume', swap(lvm, 'vm-1-before-1'))).toBe(
    'lvm lvrename --quiet pve vm-1 vm-1-before-1, then lvm lvrename --quiet pve varve-new-abc vm-1',
  )
  expect(await nativeOf('restore-volume', swap(lvm, 'vm-1-before-1'))).toBe(
    'lvm lvrename --quiet pve vm-1 varve-new-abc, then lvm lvrename --quiet pve vm-1-before-1 vm-1',
  )
  expect(await nativeOf('replace-volume', swap(zfs, 'vms/vm-1-before-1'))).toBe(
    'zfs rename tank/vms/vm-1 tank/vms/vm-1-before-1, then zfs rename tank/vms/varve-new-abc tank/vms/vm-1, then zfs promote tank/vms/vm-1',
  )
  expect(await nativeOf('restore-volume', swap(zfs, 'vms/vm-1-before-1'))).toBe(
    'zfs promote tank/vms/vm-1-before-1, then zfs rename tank/vms/vm-1 tank/vms/varve-new-abc, then zfs rename tank/vms/vm-1-before-1 tank/vms/vm-1',
  )
  const elsewhere = { ...swap(lvm, 'a'), kept: { ...lvm.volume, group: 'other' } }
  expect(actionTable['replace-volume'].input.safeParse(elsewhere).success).toBe(false)
})

test('what is removed is what was looked at', async () => {
  expect(await argvOf('remove-volume', { volume: lvm.volume, uuid })).toEqual([
    ...'lvm lvremove --yes --quiet --select'.split(' '),
    `lv_name=vm-1 && lv_uuid=${uuid}`,
    'pve',
  ])
  expect(await argvOf('remove-volume', { volume: zfs.volume, uuid: null })).toEqual([
    'zfs',
    'destroy',
    'tank/vms/vm-1',
  ])
  await expect(argvOf('remove-volume', { volume: lvm.volume, uuid: null })).rejects.toMatchObject({
    code: 'invalid-request',
  })
})

test.each([
  { ...lvm, volume: { ...lvm.volume, volume: '--force' } },
  { ...lvm, volume: { ...lvm.volume, group: '/dev/sda' } },
  { ...lvm, staging: 'a b' },
  { ...zfs, volume: { ...zfs.volume, volume: 'a@b' } },
])('what no volume can be called is not taken: %j', (input) => {
  expect(actionTable['discard-volume'].input.safeParse(input).success).toBe(false)
})
