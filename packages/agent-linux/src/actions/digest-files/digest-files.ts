import { nativeAdapter } from '@varve/agent/actions/native'
import { DiskError } from '@varve/core/problems/disk-error'
import { threadFile } from '@varve/engine/run/start-thread'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { kindOf, optionsOf } from '@varve/operations/mount/filesystems'
import { ownProgram } from '../../tools/own-program.ts'
import { holdDevice } from '../hold-device.ts'
import { runTied } from '../tool-steps.ts'
import { Found, type Orders } from './orders.ts'

const program = threadFile('files-walker', import.meta.url)

/** Starts a process that sees the filesystem alone, walks it and ends; the mount is gone with it. */
export const digestFiles = nativeAdapter('digest-files', {
  calls:
    'unshare(2) of a process, mount(2) read-only, lstat(2), llistxattr(2) and read(2) of what is in it, SHA-256',

  async run(input, context) {
    const { image, type, allContents, isWhole = false, expected } = input
    await using _held = await holdDevice(deviceOf(input), context.ports)
    const kind = kindOf(type)
    if (kind === null) throw new DiskError('invalid-request', { file: image, reason: `${type} has no files` })
    const options = optionsOf(kind, { isWritten: false, isThrowAway: false })
    // The default of a Btrfs may be one of its subvolumes.
    const all = type === 'btrfs' ? [...options, 'subvolid=5'] : options
    const orders: Orders = {
      device: deviceOf(input),
      type: kind.type,
      options: all.join(','),
      allContents,
      isWhole,
    }
    const found = await runTied(ownProgram(program, orders, Found), image, context)
    if (expected === null || found.digest === expected) return found
    throw new DiskError('refused', {
      file: image,
      reason: `the files of its ${type} are not what they were before: ${expected.slice(0, 16)}… became ${found.digest.slice(0, 16)}…`,
      remedy: 'Nothing of the original was changed. Keep it, and report this with the log of the run.',
      finding: 'files-differ',
      layer: 'L7',
    })
  },
})
