import { DiskError } from '@varve/core/problems/disk-error'
import { snapshotCommand } from '../../tools/qemu-img/commands.ts'
import type { AdapterOf } from '../adapter.ts'
import { toolAdapter } from '../tool-adapter.ts'
import { findSnapshot, waitUnused } from '../snapshots-of.ts'

const tool = toolAdapter('apply-snapshot', {
  tool: 'qemu-img',
  build: (input) => snapshotCommand('apply', input),
  paths: ({ path }) => [path],
  outcome: () => ({}),
})

/** `qemu-img snapshot -a`; done again it changes nothing. */
export const applySnapshot: AdapterOf<'apply-snapshot'> = {
  ...tool,

  async run(input, context) {
    const { path, name } = input
    if ((await findSnapshot(input, context.ports)) === null)
      throw new DiskError('not-found', { file: `${path}@${name}` })
    await waitUnused(input.path, context.signal)
    await tool.run(input, context)
    return {}
  },
}
