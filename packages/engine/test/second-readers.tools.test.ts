import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { convertDisk } from '../src/disks/convert-disk.ts'
import type { DiskOutput } from '../src/run/requests.ts'
import { image, MiB, noise, writeSparse } from './fixtures.ts'

const size = 24 * MiB

/** What is written, the tool that is not QEMU's, and what it must say of the kind. */
const cases: readonly [Omit<DiskOutput, 'path'>, tool: string, kind: RegExp][] = [
  [{ format: 'qcow2', compression: 'none' }, 'qcowinfo', /Format version\s*: 3/u],
  [{ format: 'qcow2', compression: 'zlib' }, 'qcowinfo', /Format version\s*: 3/u],
  [{ format: 'vhd', compression: 'none' }, 'vhdiinfo', /Disk type\s*: Dynamic/u],
  [{ format: 'vhd', compression: 'none', subformat: 'fixed' }, 'vhdiinfo', /Disk type\s*: Fixed/u],
  [{ format: 'vhdx', compression: 'none' }, 'vhdiinfo', /VHDX \(version 2\)/u],
  [{ format: 'vhdx', compression: 'none', subformat: 'fixed' }, 'vhdiinfo', /Disk type\s*: Fixed/u],
  [{ format: 'vmdk', compression: 'none' }, 'vmdkinfo', /Monolithic sparse/u],
  [{ format: 'vmdk', compression: 'none', subformat: 'streamOptimized' }, 'vmdkinfo', /Stream optimized/u],
]

describe.skipIf(!requires('qcowinfo', 'vhdiinfo', 'vmdkinfo'))('readers that are not QEMU', () => {
  test.each(cases)('%o opens in %s', async (output, tool, kind) => {
    await using place = await tempPlace()
    writeSparse(place.file('disk.raw'), size, [
      [0, noise(MiB, 1)],
      [9 * MiB + 512, noise(2 * MiB, 2)],
    ])
    const path = place.file(`disk.${output.format}`)
    await convertDisk(image(place.file('disk.raw'), 'raw'), { ...output, path })
    const said = await runToolOk(tool, [path])
    expect(said).toMatch(kind)
    expect(said).toContain(`(${size} bytes)`)
  })
})
