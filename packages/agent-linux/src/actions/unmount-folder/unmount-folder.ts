import { DiskError } from '@varve/core/problems/disk-error'
import { isOf, mountedDevices } from '@varve/engine/attached/attached-now'
import { processesIn } from '@varve/engine/attached/processes-in'
import { umountCommand } from '../../tools/mount/commands.ts'
import { isMountInLibraries } from '../in-libraries.ts'
import { kernelAction, type KernelContext } from '../kernel-action.ts'

interface Mounted {
  readonly attachment: string
  readonly folder: string
  readonly device: string
}

export const unmountFolder = kernelAction('unmount-folder', {
  tool: 'umount',
  build: ({ folder }) => umountCommand(folder),
  about: ({ folder }) => folder,
  isOfLibraries: isMountInLibraries,
  otherwise: ({ folder }) => ({ folder }),
  async before(input, context) {
    const { folder } = input
    // What somebody else has mounted there is left alone.
    const there = deviceAt(folder, context)
    return Promise.resolve(there === null || isOurs(there, input) ? null : { folder })
  },
  after: async (input, context) =>
    Promise.resolve(isMounted(input, context) ? null : { folder: input.folder }),
  failure({ folder }, { registry }) {
    const users = processesIn(folder, registry.roots).map(({ pid, command }) => `${command} (process ${pid})`)
    return new DiskError('in-use', {
      file: folder,
      by: users.join(', ') || 'something that is not seen',
      how: 'locks',
    })
  },
})

function isMounted(input: Mounted, context: KernelContext): boolean {
  const there = deviceAt(input.folder, context)
  return there !== null && isOurs(there, input)
}

function isOurs(there: string, { attachment, device }: Mounted): boolean {
  return isOf(there, { id: attachment, device })
}

/** What is seen at a folder: the last that was mounted there. */
function deviceAt(folder: string, { registry }: KernelContext): string | null {
  return mountedDevices(registry.roots).findLast((mount) => mount.folder === folder)?.device ?? null
}
