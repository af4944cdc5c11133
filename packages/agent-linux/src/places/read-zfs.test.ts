import type { ScriptedAnswer } from '@varve/agent/testing/scripted-tool-runner'
import { expect, test } from 'vitest'
import { scriptedTools } from '../testing/scripted-tools.ts'
import { readZfs } from './read-zfs.ts'

const columns =
  'name,type,used,referenced,available,volsize,volblocksize,refreservation,quota,userrefs,origin,clones,mountpoint'
const pools: ScriptedAnswer = {
  tool: 'zpool',
  args: ['list', '-Hp', '-o', 'name,size,allocated,free,readonly,health'],
  stdout: 'tank\t2013265920\t491520\t2012774400\toff\tONLINE\n',
}

/** Sizes as ZFS 2.1.11 had them (lab-zfs-2.1.11.txt), in the columns that are asked for here. */
const rows = [
  'tank\tfilesystem\t328396800\t98304\t1550651392\t-\t-\t0\t0\t-\t-\t-\t/tank',
  'tank/images\tfilesystem\t98304\t98304\t1550651392\t-\t-\t0\t1073741824\t-\t-\t-\tlegacy',
  'tank/vm-100-disk-0\tvolume\t327675904\t344064\t1825202176\t268435456\t16384\t274726912\t-\t-\t-\t-\t-',
  'tank/vm-100-disk-0@s1\tsnapshot\t52781056\t52948992\t-\t268435456\t-\t-\t-\t2\t-\ttank/vm-102-disk-0\t-',
  'tank/vm-101-disk-0\tvolume\t57344\t57344\t1550651392\t1073741824\t16384\t0\t-\t-\t-\t-\t-',
  'tank/vm-102-disk-0\tvolume\t0\t52948992\t1550651392\t268435456\t16384\t0\t-\t-\ttank/vm-100-disk-0@s1\t-\t-',
]

function listed(stdout: string): ScriptedAnswer {
  const args = ['list', '-t', 'filesystem,volume,snapshot', '-Hp', '-o', columns]
  return { tool: 'zfs', args, stdout }
}

test('a pool with its filesystems, volumes, snapshots, holds and clones', async () => {
  const [pool, ...others] = await readZfs(scriptedTools([pools, listed(`${rows.join('\n')}\n`)]))
  expect(others).toEqual([])
  expect(pool).toMatchObject({
    name: 'tank',
    size: 2013265920,
    used: 491520,
    free: 1550651392,
    health: 'ONLINE',
    readOnly: false,
    datasets: [
      { name: 'tank', quota: null, mountPoint: '/tank' },
      { name: 'tank/images', quota: 1073741824, mountPoint: null },
    ],
  })
  expect(pool?.volumes).toEqual([
    {
      address: 'zfs:tank/vm-100-disk-0',
      name: 'tank/vm-100-disk-0',
      size: 268435456,
      used: 327675904,
      referenced: 344064,
      blockSize: 16384,
      reserved: 274726912,
      origin: null,
      device: '/dev/zvol/tank/vm-100-disk-0',
    },
    expect.objectContaining({ address: 'zfs:tank/vm-101-disk-0', reserved: 0 }),
    expect.objectContaining({ origin: 'tank/vm-100-disk-0@s1' }),
  ])
  expect(pool?.snapshots).toEqual([
    {
      name: 'tank/vm-100-disk-0@s1',
      used: 52781056,
      size: 268435456,
      holds: 2,
      clones: ['tank/vm-102-disk-0'],
    },
  ])
})

test('without a pool nothing more is asked', async () => {
  expect(await readZfs(scriptedTools([{ ...pools, stdout: '' }]))).toEqual([])
})

test.each([
  'tank\tfilesystem\n',
  'tank\tfilesystem\t-1\t1\t-\t-\t0\t0\t-\t-\t-\t/tank\n',
  'tank\tfilesystem\t99999999999999999\t1\t-\t-\t0\t0\t-\t-\t-\t/tank\n',
  'tank\tbookmark\t1\t1\t-\t-\t0\t0\t-\t-\t-\t/tank\n',
  "invalid option 'j'\n",
])('an answer that no version gives is refused: %j', async (stdout) => {
  await expect(readZfs(scriptedTools([pools, listed(stdout)]))).rejects.toMatchObject({ code: 'tool-failed' })
})

test('without the kernel’s module its words are told', async () => {
  const stderr = 'The ZFS modules cannot be auto-loaded.\n'
  await expect(readZfs(scriptedTools([{ ...pools, stdout: '', stderr, exitCode: 1 }]))).rejects.toMatchObject(
    {
      code: 'tool-failed',
      details: { exitCode: 1 },
    },
  )
})
