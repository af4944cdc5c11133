import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scriptedTools } from '../testing/scripted-tools.ts'
import { quotasOf } from '../tools/btrfs/quotas.ts'
import { spaceOf } from '../tools/btrfs/space.ts'
import { listSubvolumes } from '../tools/btrfs/subvolumes.ts'
import { readBtrfs } from './read-btrfs.ts'

const mount = {
  device: '0:40',
  mountPoint: '/mnt/a b',
  filesystem: 'btrfs',
  source: '/dev/sdb',
  isReadOnly: false,
}
const read = async (name: string) => readFile(join(import.meta.dirname, 'fixtures', name), 'utf8')
const quotas = `qgroupid         rfer         excl     max_rfer     max_excl
--------         ----         ----     --------     --------
0/5             16384        16384         none         none
0/256        20987904        16384    104857600         none
`

async function readWith({ list, quota }: { list?: string; quota: string | null }) {
  return readBtrfs(
    mount,
    scriptedTools([
      { tool: 'btrfs', args: spaceOf('/mnt/a b').args, stdout: await read('btrfs-df.json') },
      {
        tool: 'btrfs',
        args: listSubvolumes('/mnt/a b').args,
        stdout: list ?? (await read('btrfs-subvolume-list.txt')),
      },
      {
        tool: 'btrfs',
        args: quotasOf('/mnt/a b').args,
        ...(quota === null
          ? { exitCode: 1, stderr: "ERROR: can't list qgroups: quotas not enabled\n" }
          : { stdout: quota }),
      },
    ]),
  )
}

test('a filesystem with its subvolumes, a snapshot, and quotas where they are on', async () => {
  const place = await readWith({ quota: quotas })
  expect(place).toMatchObject({
    mountPoint: '/mnt/a b',
    device: '/dev/sdb',
    data: { size: 8388608, used: 0 },
    metadata: { size: 41943040, used: 196608 },
  })
  const [vol1, vol2, snapshot] = place.subvolumes
  expect(vol1).toEqual({
    id: 256,
    path: 'imgs/vol1',
    uuid: '5dcd742c-9e97-514c-8604-bf56d7e534c3',
    parentUuid: null,
    quota: { referenced: 20987904, exclusive: 16384, mostReferenced: 104857600, mostExclusive: null },
  })
  expect(vol2).toMatchObject({ id: 257, quota: null })
  expect(snapshot).toMatchObject({ path: 'imgs/vol1.snap', parentUuid: vol1?.uuid })
})

test('where quotas are not on, none are told', async () => {
  const { subvolumes } = await readWith({ quota: null })
  expect(subvolumes.map(({ quota }) => quota)).toEqual([null, null, null])
})

test('a name over two lines stays one name', async () => {
  const list = (await read('btrfs-subvolume-list.txt')).replace('imgs/vol2', 'imgs/vol\n2')
  const { subvolumes } = await readWith({ list, quota: null })
  expect(subvolumes.map(({ path }) => path)).toEqual(['imgs/vol1', 'imgs/vol\n2', 'imgs/vol1.snap'])
})

test('what no version prints is refused', async () => {
  await expect(readWith({ list: 'words\n', quota: null })).rejects.toMatchObject({ code: 'tool-failed' })
})
