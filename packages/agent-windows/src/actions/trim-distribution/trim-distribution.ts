import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import { assertNoUse } from '@varve/engine/in-use/find-uses'
import { terminate, trimInside } from '../../tools/wsl/commands.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { assertOwnDistribution } from '../own-distribution.ts'

/** `fstrim` in a distribution that does not run. */
export function trimDistribution({ windows }: WindowsPorts): AdapterOf<'trim-distribution'> {
  return {
    tools: ['wsl'],
    command(input) {
      const { tool, args } = trimInside(input)
      return { argv: [tool, ...args] }
    },

    async run(input, { ports, signal }) {
      const { image } = input
      await assertTarget(ports, image)
      await assertOwnDistribution(input, windows)
      await assertNoUse([{ path: image }], { purpose: 'change', find: ports.findWriters })
      try {
        return { trimmed: await ports.tools.run(trimInside(input), { signal, file: image }) }
      } catch (error) {
        // It was started for this alone.
        await ports.tools.run(terminate(input), { file: image }).catch(() => {})
        throw error
      }
    },
  }
}
