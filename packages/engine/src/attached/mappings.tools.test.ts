import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { mappingsOf } from './mappings.ts'

interface Made {
  readonly name: string
  readonly uuid?: string
  readonly over?: readonly string[]
  readonly under?: readonly string[]
}

/** The kernel's view of one mapping below `sys`. */
async function mapping(
  place: TempPlace,
  kernelName: string,
  { name, uuid = '', over = [], under = [] }: Made,
) {
  const folder = place.file(`sys/block/${kernelName}`)
  for (const one of ['dm', 'slaves', 'holders']) await mkdir(join(folder, one), { recursive: true })
  await writeFile(join(folder, 'dm/name'), `${name}\n`)
  await writeFile(join(folder, 'dm/uuid'), `${uuid}\n`)
  await writeFile(join(folder, 'size'), '8\n')
  for (const one of over) await mkdir(join(folder, 'slaves', one))
  for (const one of under) await mkdir(join(folder, 'holders', one))
}

test('mappings are told by their names, what lies over others first, with what others have laid over them', async () => {
  await using place = await tempPlace()
  await mapping(place, 'dm-0', {
    name: 'varve-a1-luks2',
    uuid: 'CRYPT-LUKS2-x',
    over: ['nbd0p2'],
    under: ['dm-1'],
  })
  await mapping(place, 'dm-1', { name: 'varve-a1-vg-root', over: ['dm-0'], under: ['dm-3'] })
  await mapping(place, 'dm-2', { name: 'varve-a12-vg-root', over: ['nbd1p2'] })
  await mapping(place, 'dm-3', { name: 'theirs', over: ['dm-1'] })
  expect(mappingsOf('a1', { proc: place.file('proc'), sys: place.file('sys') })).toEqual([
    { device: '/dev/mapper/varve-a1-vg-root', kind: 'lvm', size: 4096, holders: ['/dev/mapper/theirs'] },
    { device: '/dev/mapper/varve-a1-luks2', kind: 'luks', size: 4096, holders: [] },
  ])
})
