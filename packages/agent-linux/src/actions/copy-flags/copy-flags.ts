import { nativeAdapter } from '@varve/agent/actions/native'
import { DiskError } from '@varve/core/problems/disk-error'
import { threadFile } from '@varve/engine/run/start-thread'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { kindOf, optionsOf } from '@varve/operations/mount/filesystems'
import { ownProgram } from '../../tools/own-program.ts'
import { holdDevice } from '../hold-device.ts'
import { runTied } from '../tool-steps.ts'
import { Done, type Orders } from './orders.ts'

const program = threadFile('flags-copier', import.meta.url)

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
    const orders: Orders = {
      type: kind.type,
      from: { device: deviceOf(from), options: options(false) },
      // Who only reads the names of a folder leaves its time of access as it was copied.
      to: { device: deviceOf(to), options: `${options(true)},noatime` },
    }
    return await runTied(ownProgram(program, orders, Done), image, context)
  },
})
