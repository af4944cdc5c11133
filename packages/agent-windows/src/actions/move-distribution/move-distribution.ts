import { rename, stat } from 'node:fs/promises'
import { win32 } from 'node:path'
import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import { DiskError } from '@varve/core/problems/disk-error'
import { assertNoUse } from '@varve/engine/in-use/find-uses'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { powershellWord } from '@varve/operations/plans/shown'
import { isSamePath } from '@varve/engine/files/windows-path'
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
      await ports.tools.run(commandOf(input), { signal, file: image }).catch(async (error: unknown) => {
        await bringBack(input, error)
        throw error
      })
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

const isMissing = async (path: string) => (await stat(path).catch(() => null)) === null

/** Some versions of WSL move the file, and go on looking for it where it was (microsoft/WSL#40716). */
async function bringBack({ image, target }: ActionInput<'move-distribution'>, cause: unknown): Promise<void> {
  if (!(await isMissing(image)) || (await isMissing(target))) return
  try {
    await rename(target, image)
  } catch {
    // Another drive: a copy is a matter of who has the room.
    throw new DiskError(
      'refused',
      {
        file: target,
        finding: 'moved-half',
        layer: 'L1',
        reason: `WSL has moved it here, and looks for it at ${image} all the same`,
        remedy: `Bring it back: Move-Item -LiteralPath ${powershellWord(target)} -Destination ${powershellWord(image)}; then get a newer WSL (wsl --update), or do it as an elevated administrator.`,
      },
      { cause },
    )
  }
}
