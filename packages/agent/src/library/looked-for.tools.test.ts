import { copyFile, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { TestScan } from '../testing/test-scan.ts'

/** How the child and what it needs are made in `from`; gives the child and the files that come later, by name. */
interface Story {
  readonly name: string
  readonly child: string
  readonly needs: readonly string[]
  /** Whether what it needs is a part of the child and no image of its own. */
  readonly areParts: boolean
  make(from: string): Promise<void>
}

const qemuImg = (cwd: string, ...args: string[]) => runToolOk('qemu-img', args, { cwd })

async function makeVdiChild(from: string): Promise<void> {
  await qemuImg(from, 'create', '-f', 'vdi', 'base.vdi', '8M')
  await qemuImg(from, 'create', '-f', 'vdi', 'child.vdi', '8M')
  const uuid = (await readFile(join(from, 'base.vdi'))).subarray(392, 408)
  await using child = await open(join(from, 'child.vdi'), 'r+')
  await child.write(Uint8Array.of(4, 0, 0, 0), 0, 4, 76)
  await child.write(uuid, 0, 16, 424)
}

const stories: readonly Story[] = [
  {
    name: 'qcow2 and its backing file',
    child: 'child.qcow2',
    needs: ['base.qcow2'],
    areParts: false,
    async make(from) {
      await qemuImg(from, 'create', '-f', 'qcow2', 'base.qcow2', '8M')
      await qemuImg(from, 'create', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', 'child.qcow2')
    },
  },
  {
    name: 'qcow2 and its data file',
    child: 'child.qcow2',
    needs: ['data.raw'],
    areParts: true,
    make: async (from) => {
      await qemuImg(from, 'create', '-f', 'qcow2', '-o', 'data_file=data.raw', 'child.qcow2', '8M')
    },
  },
  {
    name: 'VMDK and its parent',
    child: 'child.vmdk',
    needs: ['base.vmdk'],
    areParts: false,
    async make(from) {
      await qemuImg(from, 'create', '-f', 'vmdk', 'base.vmdk', '8M')
      await qemuImg(from, 'create', '-f', 'vmdk', '-b', 'base.vmdk', '-F', 'vmdk', 'child.vmdk')
    },
  },
  {
    name: 'VMDK and its extents',
    child: 'child.vmdk',
    needs: ['child-f001.vmdk'],
    areParts: true,
    make: async (from) => {
      await qemuImg(from, 'create', '-f', 'vmdk', '-o', 'subformat=twoGbMaxExtentFlat', 'child.vmdk', '8M')
    },
  },
  {
    name: 'VDI and its parent',
    child: 'child.vdi',
    needs: ['base.vdi'],
    areParts: false,
    make: makeVdiChild,
  },
]

const isBlocked = (problems: readonly { severity: string }[]) =>
  problems.some(({ severity }) => severity === 'block')

describe.skipIf(!requires('qemu-img'))('names that were looked for', () => {
  test.each(stories)('$name: in any order, and after a move away and back', async (story) => {
    await using place = await tempPlace()
    const [from, library] = [place.file('from'), place.file('library')]
    await Promise.all([mkdir(from), mkdir(library)])
    await story.make(from)
    const scan = new TestScan(library)
    const move = (name: string, [source, target]: readonly [string, string]) =>
      rename(join(source, name), join(target, name))
    const reportNow = async () => {
      const { records } = await scan.run()
      return records.get(story.child)?.report
    }

    await move(story.child, [from, library])
    const alone = await reportNow()
    expect(isBlocked(alone?.problems ?? [])).toBe(true)
    for (const round of [1, 2]) {
      for (const name of story.needs) await move(name, [from, library])
      const whole = await reportNow()
      expect(
        whole?.problems.filter(({ severity }) => severity === 'block'),
        `round ${round}`,
      ).toEqual([])
      expect(whole?.virtualSize).toBe(8 * 1024 ** 2)
      const still = await scan.run()
      expect(still.records.size).toBe(0)
      const expected = story.areParts ? [story.child] : [story.child, ...story.needs]
      expect(still.present).toEqual(expected.toSorted())
      for (const name of story.needs) await move(name, [library, from])
      expect(isBlocked((await reportNow())?.problems ?? [])).toBe(true)
    }
  })

  test('a data file is an image again when nothing names it any more', async () => {
    await using place = await tempPlace()
    await qemuImg(place.path, 'create', '-f', 'qcow2', '-o', 'data_file=data.img', 'disk', '8M')
    const scan = new TestScan(place.path)
    expect((await scan.run()).present).toEqual(['disk'])
    expect((await scan.run()).inspected).toBe(0)
    await copyFile(place.file('disk'), place.file('copy'))
    await writeFile(place.file('disk'), 'text')
    await writeFile(place.file('copy'), 'text')
    expect((await scan.run()).present).toEqual(['data.img'])
  })
})
