import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import { DiskError } from '@varve/core/problems/disk-error'
import { assertNoUse } from '@varve/engine/in-use/find-uses'
import { inspectFile } from '@varve/engine/images/inspect-file'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { manageResize } from '../../tools/wsl/commands.ts'

/** `wsl --manage NAME --resize`; what it did is read from the disk. Done again, it finishes what was begun. */
export function resizeDistribution(): AdapterOf<'resize-distribution'> {
  return {
    tools: ['wsl'],
    command(input) {
      const { tool, args } = manageResize(input)
      return { argv: [tool, ...args] }
    },

    async run(input, { ports, signal }) {
      const { image, size } = input
      await assertTarget(ports, image)
      await assertNoUse([{ path: image }], { purpose: 'change', find: ports.findWriters })
      await ports.tools.run(manageResize(input), { signal, file: image })
      const done = await sizeNow(input)
      if (done === size) return { size }
      throw new DiskError('tool-failed', {
        file: image,
        tool: 'wsl',
        exitCode: 0,
        stderr: `the disk has ${done ?? 'an unknown number of'} bytes after it, and ${size} were asked for`,
      })
    },
  }
}

async function sizeNow({ image }: ActionInput<'resize-distribution'>): Promise<number | null> {
  const { virtualSize } = await inspectFile(image, { roots: null })
  return virtualSize
}
