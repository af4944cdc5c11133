import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { createDisk } from '../disks/create-disk.ts'
import { diagnose } from './diagnose.ts'
import { machinesNaming } from './machine-definitions.ts'

const MiB = 1024 ** 2

async function bundleIn(folder: string, name: string): Promise<string> {
  const bundle = join(folder, name)
  await mkdir(bundle)
  await createDisk({ path: join(bundle, 'config.plist'), name, virtualSize: 16 * MiB, format: 'utm' })
  const [image = ''] = await readdir(join(bundle, 'Data'))
  return join(bundle, 'Data', image)
}

test('disks that no configuration names, and configurations whose disk is gone', async () => {
  await using place = await tempPlace()
  const [whole, gone] = [await bundleIn(place.path, 'whole.utm'), await bundleIn(place.path, 'gone.utm')]
  const loose = place.file('whole.utm/Data/old.img')
  await writeFile(loose, Buffer.alloc(MiB, 'x'))
  await rm(gone)
  // Old enough to be an orphan, were it a disk.
  for (const path of [whole, place.file('whole.utm/config.plist'), place.file('gone.utm/config.plist')])
    await utimes(path, 0, 0)
  const { findings } = await diagnose(place.path, { roots: null })
  expect(findings.map(({ id, file, severity }) => [id, file, severity])).toEqual([
    ['part-missing', place.file('gone.utm/config.plist'), 'block'],
    ['disk-of-no-drive', loose, 'warn'],
  ])
  expect(findings[1]?.message).toContain('UTM deletes such files')
})

test('who deletes the disk of a machine is told', async () => {
  await using place = await tempPlace()
  const image = await bundleIn(place.path, 'web.utm')
  expect(await machinesNaming(image)).toEqual([place.file('web.utm/config.plist')])
  expect(await machinesNaming(place.file('web.utm/Data/old.img'))).toEqual([])
})

test('two machines of one size are not taken for the same disk', async () => {
  await using place = await tempPlace()
  await bundleIn(place.path, 'aa.utm')
  await bundleIn(place.path, 'bb.utm')
  const { findings } = await diagnose(place.path, { roots: null })
  expect(findings.flatMap(({ file }) => file)).not.toContain(place.file('aa.utm/config.plist'))
})
