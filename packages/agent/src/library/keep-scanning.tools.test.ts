import { mkdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
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
  platform.addWriter(await stat(join(place.path, 'a.raw'), { bigint: true }), {
    by: 'process',
    pid: 42,
    command: 'qemu',
    how: 'writes',
  })
  await rename(join(place.path, 'a.raw'), join(agent.library, 'a.raw'))
  await controller.until(() => isInUse() === true)
  platform.clearWriters()
  await controller.until(() => isInUse() === false)
})

test.skipIf(!requires('qemu-img'))(
  'a parent is seen when it arrives where it was looked for: a new folder, a hidden name',
  async () => {
    await using place = await tempPlace()
    await using controller = await new ScriptedController().start()
    await using agent = await startAgent({ controller, name: 'north', folder: place.path })
    const isWhole = (name: string) =>
      controller.memory.images.get(`north/images/${name}`)?.report.chain.length === 2
    const qemuImg = (...args: string[]) => runToolOk('qemu-img', args, { cwd: place.path })
    for (const parent of ['new/deep/base.qcow2', '.hidden.qcow2']) {
      const child = `child-of-${parent.replaceAll('/', '-')}`
      const overlay = ['-f', 'qcow2', '-u', '-b', parent, '-F', 'qcow2', child, '8M']
      await qemuImg('create', ...overlay)
      await rename(place.file(child), join(agent.library, child))
      await controller.until(() => controller.memory.images.has(`north/images/${child}`))
      expect(isWhole(child)).toBe(false)
      await qemuImg('create', '-f', 'qcow2', 'base', '8M')
      await mkdir(dirname(join(agent.library, parent)), { recursive: true })
      await rename(place.file('base'), join(agent.library, parent))
      await controller.until(() => isWhole(child))
    }
  },
)

test.skipIf(!requires('qemu-img'))('what the controller says of formats is used at once', async () => {
  await using place = await tempPlace()
  await using controller = await new ScriptedController().start()
  await using agent = await startAgent({ controller, name: 'north', folder: place.path })
  const report = (name: string) => controller.memory.images.get(`north/images/${name}`)?.report
  await mkdir(join(agent.library, 'vms'))
  const qemuImg = (...args: string[]) => runToolOk('qemu-img', args, { cwd: join(agent.library, 'vms') })
  await qemuImg('create', '-f', 'qcow2', 'base.qcow2', '8M')
  await qemuImg('create', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', 'overlay.img')
  await controller.until(() =>
    report('vms/overlay.img')?.problems.some(({ severity }) => severity === 'block'),
  )
  for (const [name, scope] of [
    ['vms/overlay.img', 'image'],
    ['vms', 'folder'],
    ['', 'folder'],
  ] as const) {
    controller.send('north', {
      kind: 'formats',
      formats: [{ library: 'images', name, scope, format: 'qcow2' }],
    })
    await controller.until(() => report('vms/overlay.img')?.chain.length === 2)
    const request = { library: 'images', name: 'vms/overlay.img' }
    expect((await controller.run('north', { kind: 'inspect', ...request })).report.chain).toHaveLength(2)
    expect((await controller.run('north', { kind: 'digest', ...request })).virtualSize).toBe(8 * 1024 ** 2)
    controller.send('north', { kind: 'formats', formats: [] })
    await controller.until(() => report('vms/overlay.img')?.chain.length === 1)
  }
})

test.skipIf(!requires('qemu-img'))(
  'a parent is seen when it arrives in another library of the agent',
  async () => {
    await using place = await tempPlace()
    await using controller = await new ScriptedController().start()
    await using agent = await startAgent({ controller, name: 'north', folder: place.path, second: 'bases' })
    const child = () => controller.memory.images.get('north/images/child.qcow2')?.report
    const qemuImg = (...args: string[]) => runToolOk('qemu-img', args, { cwd: place.path })
    const base = join(place.path, 'bases', 'base.qcow2')
    await qemuImg('create', '-f', 'qcow2', '-u', '-b', base, '-F', 'qcow2', 'child.qcow2', '8M')
    await rename(place.file('child.qcow2'), join(agent.library, 'child.qcow2'))
    await controller.until(() => child()?.chain.length === 1)
    await qemuImg('create', '-f', 'qcow2', 'base.qcow2', '8M')
    await rename(place.file('base.qcow2'), base)
    await controller.until(() => child()?.chain.length === 2)
    await rename(base, place.file('base.qcow2'))
    await controller.until(() => child()?.chain.length === 1)
  },
)
