import { rename, rm, stat } from 'node:fs/promises'
import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import { assertNoUse } from '@varve/engine/in-use/find-uses'
import { openStaging, type StagedImage } from '@varve/engine/staging/staging'
import { writeError } from '@varve/engine/system/system-error'
import { nativeAction } from '@varve/operations/plans/shown'
import { exportVhd } from '../../tools/wsl/commands.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { ownDistribution } from '../own-distribution.ts'

/** WSL exports into names of this ending only. */
const exportedIn = (staged: StagedImage) => `${openStaging(staged).path}.vhdx`

/** `wsl --export NAME FILE --vhd`, into a hidden file. */
export function exportDistribution({ windows }: WindowsPorts): AdapterOf<'export-distribution'> {
  return {
    tools: ['wsl'],
    command({ image, distribution, staged }) {
      const { tool, args } = exportVhd({ image, distribution, file: exportedIn(staged) })
      return { argv: [tool, ...args] }
    },

    async run({ image, distribution, staged }, { ports, signal }) {
      await assertTarget(ports, image)
      await assertTarget(ports, staged.target)
      await ownDistribution({ image, distribution }, windows)
      await assertNoUse([{ path: image }], { purpose: 'change', find: ports.findWriters })
      const staging = openStaging(staged)
      const file = exportedIn(staged)
      await staging.prepare()
      await rm(file, { force: true })
      await ports.tools.run(exportVhd({ image, distribution, file }), { signal, file: staged.target })
      await rename(file, staging.path).catch((error: unknown) => {
        throw writeError(error, staged.target)
      })
      const { size: fileSize } = await stat(staging.path)
      return { staging: staged.staging, file: await staging.identity(), fileSize }
    },
  }
}

export function discardExport(): AdapterOf<'discard-export'> {
  return {
    tools: [],
    command: (staged) => nativeAction('discard-export', staged, 'unlink(2) of the hidden files'),

    async run(staged, { ports }) {
      await assertTarget(ports, staged.target)
      await rm(exportedIn(staged), { force: true })
      await openStaging(staged).discard()
      return {}
    },
  }
}
