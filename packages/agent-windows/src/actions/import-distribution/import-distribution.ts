import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertImage, assertTarget } from '@varve/agent/actions/inside-roots'
import type { ImageReport } from '@varve/core/image/image-report'
import { DiskError } from '@varve/core/problems/disk-error'
import { assertNoUse } from '@varve/engine/in-use/find-uses'
import { inspectFile } from '@varve/engine/images/inspect-file'
import type { WslDistribution } from '@varve/protocol/distributions'
import { isSamePath } from '@varve/engine/files/windows-path'
import { importVhd, unregister } from '../../tools/wsl/commands.ts'
import type { WindowsPorts } from '../adapter-table.ts'

/** `wsl --import` or `--import-in-place`; what came of it is read from what WSL has noted, and from the disk. */
export function importDistribution({ windows }: WindowsPorts): AdapterOf<'import-distribution'> {
  return {
    tools: ['wsl'],
    command(input) {
      const { tool, args } = importVhd(input)
      return { argv: [tool, ...args] }
    },

    async run(input, { ports, signal }) {
      const { image, distribution, folder } = input
      await assertImage(ports, image)
      if (folder !== null) await assertTarget(ports, folder)
      if ((await distributionOf(windows, distribution)) !== null) throw taken(image, distribution)
      await assertNoUse([{ path: image }], { purpose: 'change', find: ports.findWriters })
      const wanted = await inspectFile(image, { roots: ports.roots })
      await ports.tools.run(importVhd(input), { signal, file: image })
      const made = await distributionOf(windows, distribution)
      const path = made?.disk?.path ?? null
      if (made === null || path === null) throw notMade(image, 'WSL has no such distribution with a disk')
      if (folder === null && !isSamePath(path, image)) throw notMade(image, `its disk is ${path}`)
      const found = await inspectFile(path, { roots: null })
      if (!isSameDisk(wanted, found)) throw notMade(image, `the disk in ${path} is another one`)
      return { id: made.id, path, virtualSize: found.virtualSize ?? 0 }
    },
  }
}

export function unregisterDistribution({ windows }: WindowsPorts): AdapterOf<'unregister-distribution'> {
  return {
    tools: ['wsl'],
    command(input) {
      const { tool, args } = unregister(input)
      return { argv: [tool, ...args] }
    },

    async run(input, { ports, signal }) {
      const { image, distribution, id } = input
      await assertTarget(ports, image)
      const found = await distributionOf(windows, distribution)
      // Another one of that name came since.
      if (found?.id !== id || !found.disk || !isSamePath(found.disk.path, image)) return { wasThere: false }
      await assertNoUse([{ path: image }], { purpose: 'change', find: ports.findWriters })
      await ports.tools.run(unregister(input), { signal, file: image })
      if ((await distributionOf(windows, distribution))?.id !== id) return { wasThere: true }
      throw new DiskError('tool-failed', {
        file: image,
        tool: 'wsl',
        exitCode: 0,
        stderr: 'the distribution is there still after it',
      })
    },
  }
}

async function distributionOf(
  windows: WindowsPorts['windows'],
  name: string,
): Promise<WslDistribution | null> {
  const { distributions } = await windows.distributions()
  const isNamed = (one: WslDistribution) =>
    one.isOwn && one.kind === 'distribution' && one.name.toLowerCase() === name.toLowerCase()
  return distributions.find(isNamed) ?? null
}

/** WSL may mount it to look what is in it, which changes bytes: what stays is its size, and which ext4 it is. */
function isSameDisk(a: ImageReport, b: ImageReport): boolean {
  const uuids = ({ guest }: ImageReport) =>
    (guest?.filesystems ?? []).map(({ start, uuid }) => `${start} ${uuid ?? ''}`).join()
  return a.virtualSize === b.virtualSize && uuids(a) === uuids(b)
}

function taken(file: string, name: string): DiskError {
  return new DiskError('refused', {
    file,
    finding: 'name-taken',
    layer: 'L3',
    reason: `there is a distribution ${JSON.stringify(name)} already`,
    remedy: 'Say another name.',
  })
}

function notMade(file: string, stderr: string): DiskError {
  return new DiskError('tool-failed', { file, tool: 'wsl', exitCode: 0, stderr })
}
