import { fileURLToPath } from 'node:url'
import { nativeAdapter } from '@varve/agent/actions/native'
import { stdoutText } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'
import { threadFile } from '@varve/engine/run/start-thread'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { kindOf, optionsOf } from '@varve/operations/mount/filesystems'
import type { z } from 'zod'
import { alone, type TiedCommand } from '../../tools/tied.ts'
import { holdDevice } from '../hold-device.ts'
import { runTied } from '../tool-steps.ts'
import { Done, type Orders } from './orders.ts'

/** Starts a process that sees both filesystems alone, walks them and ends; the mounts are gone with it. */
export const copyFlags = nativeAdapter('copy-flags', {
  calls:
    'unshare(2) of a process, mount(2) of both, ioctl(2) FS_IOC_FSGETXATTR and FS_IOC_FSSETXATTR, umount(2)',

  async run({ image, type, from, to }, context) {
    await using _from = await holdDevice(deviceOf(from), context.ports)
    await using _to = await holdDevice(deviceOf(to), context.ports)
    const kind = kindOf(type)
    if (kind === null) throw new DiskError('invalid-request', { file: image, reason: `${type} has no files` })
    const options = (isWritten: boolean) => optionsOf(kind, { isWritten, isThrowAway: false }).join(',')
    const orders = {
      type: kind.type,
      from: { device: deviceOf(from), options: options(false) },
      // Who only reads the names of a folder leaves its time of access as it was copied.
      to: { device: deviceOf(to), options: `${options(true)},noatime` },
    }
    return await runTied(flagsCommand(orders), image, context)
  },
})

function flagsCommand(orders: Orders): TiedCommand<z.infer<typeof Done>> {
  const program = fileURLToPath(threadFile('flags-copier', import.meta.url))
  const command = alone({
    tool: process.execPath,
    args: ['--no-warnings', program, JSON.stringify(orders)],
    silence: { ms: 600_000, io: true },
    parse: (output) => Done.parse(JSON.parse(stdoutText(output))),
  })
  return { ...command, of: 'varve' }
}
