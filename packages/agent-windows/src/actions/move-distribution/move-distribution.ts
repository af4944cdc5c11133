import { stat } from 'node:fs/promises'
import { win32 } from 'node:path'
import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import { DiskError } from '@varve/core/problems/disk-error'
import { assertNoUse } from '@varve/engine/in-use/find-uses'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { isSamePath } from '../../host/windows-path.ts'
import { manageMove } from '../../tools/wsl/commands.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { ownDistribution } from '../own-distribution.ts'

/** `wsl --manage NAME --move`; where the disk is then is read from what WSL has noted, and from the file. */
export function moveDistribution({ windows }: WindowsPorts): AdapterOf<'move-distribution'> {
  const commandOf = ({ image, target, distribution }: ActionInput<'move-distribution'>) =>
    manageMove({ image, distribution, folder: win32.dirname(target) })

  async function isThere({ target, distribution }: ActionInput<'move-distribution'>): Promise<boolean> {
    const { distributions } = await windows.distributions()
    const found = distributions.find(({ isOwn, name }) => isOwn && name === distribution)
    return found?.disk?.exists === true && isSamePath(found.disk.path, target)
  }

  return {
    tools: ['wsl'],
    command(input) {
      const { tool, args } = commandOf(input)
      return { argv: [tool, ...args] }
    },

    async run(input, { ports, signal }) {
      const { image, target } = input
      await assertTarget(ports, image)
      await assertTarget(ports, target)
      if (await isThere(input)) return { path: target }
      await ownDistribution(input, windows)
      await assertNoUse([{ path: image }], { purpose: 'change', find: ports.findWriters })
      // It would be written over, or lie beside it unseen.
      if ((await stat(target).catch(() => null)) !== null)
        throw new DiskError('target-exists', { file: target })
      await ports.tools.run(commandOf(input), { signal, file: image })
      if (await isThere(input)) return { path: target }
      throw new DiskError('tool-failed', {
        file: image,
        tool: 'wsl',
        exitCode: 0,
        stderr: `WSL does not have the disk at ${target} after it`,
      })
    },
  }
}
