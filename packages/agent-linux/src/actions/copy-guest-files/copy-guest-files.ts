import type { AdapterOf } from '@varve/agent/actions/adapter'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { copyCommand } from '../../tools/filesystems/copy-command.ts'
import { holdDevice } from '../hold-device.ts'
import { toolSteps } from '../tool-steps.ts'

const copying = toolSteps('copy-guest-files', {
  build: ({ from, to, ...input }) => [copyCommand({ ...input, from: deviceOf(from), to: deviceOf(to) })],
  later: ({ type }) =>
    type === 'filesystem'
      ? 'mount of both where nobody else sees them, cp --recursive --preserve, umount'
      : null,
  about: ({ image }) => image,
  worksOn: ({ to }) => ({ device: deviceOf(to) }),
  outcome: ({ to }) => ({ device: deviceOf(to) }),
})

/** What an earlier attempt has copied is removed first. */
export const copyGuestFiles: AdapterOf<'copy-guest-files'> = {
  ...copying,
  async run(input, context) {
    await using _held = await holdDevice(deviceOf(input.from), context.ports)
    return await copying.run(input, context)
  },
}
