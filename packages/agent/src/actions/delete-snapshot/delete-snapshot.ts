import { snapshotCommand } from '../../tools/qemu-img/commands.ts'
import type { AdapterOf } from '../adapter.ts'
import { toolAdapter } from '../tool-adapter.ts'
import { notDone } from '../create-snapshot/create-snapshot.ts'
import { findSnapshot, waitUnused } from '../snapshots-of.ts'

const tool = toolAdapter('delete-snapshot', {
  tool: 'qemu-img',
  build: (input) => snapshotCommand('delete', input),
  paths: ({ path }) => [path],
  outcome: () => ({}),
})

/** `qemu-img snapshot -d`. */
export const deleteSnapshot: AdapterOf<'delete-snapshot'> = {
  ...tool,

  async run(input, context) {
    if ((await findSnapshot(input, context.ports)) === null) return {}
    await waitUnused(input.path, context.signal)
    await tool.run(input, context)
    if ((await findSnapshot(input, context.ports)) === null) return {}
    throw notDone(input.path, `the snapshot ${JSON.stringify(input.name)} is there after it`)
  },
}
