import { setTimeout as sleep } from 'node:timers/promises'
import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import { DiskError } from '@varve/core/problems/disk-error'
import { terminate } from '../../tools/wsl/commands.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { assertOwnDistribution } from '../own-distribution.ts'
import { usualWaits } from '../waits.ts'

/** `wsl --terminate`; the machine of all distributions may hold the disk for a while after it. */
export function stopDistribution({
  windows,
  waits: { releaseMs, everyMs } = usualWaits,
}: WindowsPorts): AdapterOf<'stop-distribution'> {
  return {
    tools: ['wsl'],
    command(input) {
      const { tool, args } = terminate(input)
      return { argv: [tool, ...args] }
    },

    async run(input, { ports, signal }) {
      const { image, distribution: name } = input
      await assertTarget(ports, image)
      await assertOwnDistribution(input, windows)
      await ports.tools.run(terminate(input), { signal, file: image })
      const until = performance.now() + releaseMs
      for (;;) {
        if ((await assertOwnDistribution(input, windows)) !== 'running') return {}
        if (performance.now() >= until) break
        await sleep(everyMs, undefined, { signal })
      }
      throw new DiskError('in-use', {
        file: image,
        by: `the machine of WSL, which holds the disk of ${name}`,
        uses: [{ by: 'distribution', name }],
      })
    },
  }
}
