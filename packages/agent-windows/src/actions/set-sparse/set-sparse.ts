import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import { DiskError } from '@varve/core/problems/disk-error'
import { assertNoUse } from '@varve/engine/in-use/find-uses'
import { manageSparse } from '../../tools/wsl/commands.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { ownDistribution } from '../own-distribution.ts'

/** `wsl --manage NAME --set-sparse`; whether it is so is read from the file. */
export function setSparse({ windows }: WindowsPorts): AdapterOf<'set-sparse'> {
  return {
    tools: ['wsl'],
    command(input) {
      const { tool, args } = manageSparse(input)
      return { argv: [tool, ...args] }
    },

    async run(input, { ports, signal }) {
      const { image, isSparse } = input
      await assertTarget(ports, image)
      const { disk } = await ownDistribution(input, windows)
      if (disk?.isSparse === isSparse) return { isSparse }
      await assertNoUse([{ path: image }], { purpose: 'change', find: ports.findWriters })
      await ports.tools.run(manageSparse(input), { signal, file: image })
      const after = await ownDistribution(input, windows)
      if (after.disk?.isSparse === isSparse) return { isSparse }
      throw new DiskError('tool-failed', {
        file: image,
        tool: 'wsl',
        exitCode: 0,
        stderr: `the file is ${isSparse ? 'not sparse' : 'sparse'} after it`,
      })
    },
  }
}
