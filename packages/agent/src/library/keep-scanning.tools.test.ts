import { mkdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { memoryPlatform } from '../testing/memory-platform.ts'
import { ScriptedController } from '../testing/scripted-controller.ts'
import { startAgent } from '../testing/start-agent.ts'

const raw = Buffer.alloc(4096)

test('what is made, changed, moved and removed in a library is seen without being asked', async () => {
  await using place = await tempPlace()
  await using controller = await new ScriptedController().start()
  await using agent = await startAgent({ controller, name: 'north', folder: place.path })
  const { images } = controller.memory
  const file = (name: string) => join(agent.library, name)
  const sizeOf = (name: string) => images.get(`north/images/${name}`)?.report.fileSize

  await writeFile(file('a.raw'), raw)
  await controller.until(() => sizeOf('a.raw') === 4096)
  await truncate(file('a.raw'), 8192)
  await controller.until(() => sizeOf('a.raw') === 8192)

  await mkdir(file('folder/inner'), { recursive: true })
  await writeFile(file('folder/inner/b.raw'), raw)
  await controller.until(() => sizeOf('folder/inner/b.raw') === 4096)

  await rm(file('folder'), { recursive: true })
  await controller.until(() => sizeOf('folder/inner/b.raw') === undefined)
  await mkdir(file('folder/inner'), { recursive: true })
  await writeFile(file('folder/inner/c.raw'), raw)
  await controller.until(() => sizeOf('folder/inner/c.raw') === 4096)
  await writeFile(file('folder/inner/d.raw'), raw)
  await controller.until(() => sizeOf('folder/inner/d.raw') === 4096)

  await rename(file('folder'), file('moved'))
  await controller.until(
    () => sizeOf('moved/inner/d.raw') === 4096 && sizeOf('folder/inner/d.raw') === undefined,
  )
  await writeFile(file('moved/inner/e.raw'), raw)
  await controller.until(() => sizeOf('moved/inner/e.raw') === 4096)
  expect([...images.keys()].sort()).toEqual(
    ['a.raw', 'moved/inner/c.raw', 'moved/inner/d.raw', 'moved/inner/e.raw'].map(
      (name) => `north/images/${name}`,
    ),
  )
})

test('a file that nobody writes to any more is noticed, though nothing changed in its folder', async () => {
  await using place = await tempPlace()
  await using controller = await new ScriptedController().start()
  const platform = memoryPlatform()
  await using agent = await startAgent({ controller, name: 'north', folder: place.path, platform })
  const isInUse = () =>
    controller.memory.images.get('north/images/a.raw')?.report.problems.some(({ id }) => id === 'in-use')
  await writeFile(join(place.path, 'a.raw'), raw)
  platform.addWriter(await stat(join(place.path, 'a.raw'), { bigint: true }), { pid: 42, command: 'qemu' })
  await rename(join(place.path, 'a.raw'), join(agent.library, 'a.raw'))
  await controller.until(() => isInUse() === true)
  platform.clearWriters()
  await controller.until(() => isInUse() === false)
})
