import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { ScriptedController } from '../testing/scripted-controller.ts'
import { startAgent } from '../testing/start-agent.ts'
import { TestScan } from '../testing/test-scan.ts'

/** Three layers, of which the middle one has the name of a raw disk, and the top one does not say what it is. */
async function makeChain(cwd: string): Promise<void> {
  const img = (...args: string[]) => runToolOk('qemu-img', args, { cwd })
  await img('create', '-q', '-f', 'qcow2', 'base.qcow2', '8M')
  await runToolOk('qemu-io', ['-c', 'write -q -P 7 1M 64k', 'base.qcow2'], { cwd })
  await img('create', '-q', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', 'middle.img')
  await img('create', '-q', '-f', 'qcow2', '-b', 'middle.img', '-F', 'qcow2', 'top.qcow2')
  // Without a format of the parent, as older programs write it: the extension becomes an unknown one.
  const top = await readFile(join(cwd, 'top.qcow2'))
  top.write('12345678', top.indexOf('e2792aca', 0, 'hex'), 'hex')
  await writeFile(join(cwd, 'top.qcow2'), top)
}

test.skipIf(!requires('qemu-img', 'qemu-io'))(
  'what was said of a file is used where it is a parent',
  async () => {
    await using place = await tempPlace()
    await makeChain(place.path)
    const scan = new TestScan(place.path)
    const chainOf = async () =>
      (await scan.run()).records.get('top.qcow2')?.report.chain.map(({ format }) => format)
    expect(await chainOf()).toEqual(['qcow2', 'qcow2'])
    for (const [name, scope] of [
      ['middle.img', 'image'],
      ['', 'folder'],
    ] as const) {
      scan.formats.set([{ library: 'images', name, scope, format: 'qcow2' }])
      expect(await chainOf()).toEqual(['qcow2', 'qcow2', 'qcow2'])
      expect((await scan.run()).records.size).toBe(0)
      scan.formats.set([])
      expect(await chainOf()).toEqual(['qcow2', 'qcow2'])
    }
  },
)

test.skipIf(!requires('qemu-img', 'qemu-io'))('jobs read the whole chain then', async () => {
  await using place = await tempPlace()
  await using controller = await new ScriptedController().start()
  await using agent = await startAgent({ controller, name: 'north', folder: place.path })
  await makeChain(agent.library)
  const top = () => controller.memory.images.get('north/images/top.qcow2')?.report
  await controller.until(() => top()?.chain.length === 2)
  const request = { library: 'images', name: 'top.qcow2' }
  expect(await controller.runFailing('north', { kind: 'digest', ...request })).toMatchObject({
    code: 'refused',
  })
  const formats = [{ library: 'images', name: 'middle.img', scope: 'image', format: 'qcow2' } as const]
  controller.send('north', { kind: 'formats', formats })
  await controller.until(() => top()?.chain.length === 3)
  const { digest } = await controller.run('north', { kind: 'digest', ...request })
  const base = await controller.run('north', { kind: 'digest', library: 'images', name: 'base.qcow2' })
  expect(digest).toBe(base.digest)
  expect((await controller.run('north', { kind: 'inspect', ...request })).report.chain).toHaveLength(3)
})
