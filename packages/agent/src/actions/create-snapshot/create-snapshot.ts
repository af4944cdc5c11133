import { DiskError } from '@varve/core/problems/disk-error'
import { snapshotCommand } from '../../tools/qemu-img/commands.ts'
import type { AdapterOf } from '../adapter.ts'
import { toolAdapter } from '../tool-adapter.ts'
import { findSnapshot, waitUnused } from '../snapshots-of.ts'

const tool = toolAdapter('create-snapshot', {
  tool: 'qemu-img',
  build: (input) => snapshotCommand('create', input),
  paths: ({ path }) => [path],
  outcome: (_done, { name }) => ({ id: name }),
})

/** `qemu-img snapshot -c`. */
export const createSnapshot: AdapterOf<'create-snapshot'> = {
  ...tool,

  async run(input, context) {
    const { path, name } = input
    if (await findSnapshot(input, context.ports))
      throw new DiskError('refused', {
        file: path,
        reason: `it has a snapshot ${JSON.stringify(name)} already`,
        remedy: 'Choose another name.',
      })
    await waitUnused(input.path, context.signal)
    await tool.run(input, context)
    const made = await findSnapshot(input, context.ports)
    if (made) return { id: made.id }
    throw notDone(path, `there is no snapshot ${JSON.stringify(name)} after it`)
  },

  async isDone(input, { ports }) {
    const made = await findSnapshot(input, ports)
    return made && { id: made.id }
  },
}

/** A tool that says that it succeeded, and did not do it. */
export function notDone(file: string, stderr: string): DiskError {
  return new DiskError('tool-failed', { file, tool: 'qemu-img', exitCode: 0, stderr })
}
