import { stderrText } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { kindOf, optionsOf } from '@varve/operations/mount/filesystems'
import { alone, type TiedCommand } from '../tied.ts'

interface Copying {
  /** What people call the image. */
  readonly image: string
  readonly type: ActionInput<'copy-guest-files'>['type']
  /** Devices of the two filesystems. */
  readonly from: string
  readonly to: string
}

/** Between two files of many GiB nothing is said. */
const silence = { ms: 600_000, io: true }

/** A folder that every Linux has; only the command sees what is mounted there. */
const place = '/run'
const kept = 'mode,ownership,timestamps,links,xattr'
/** Exit code of a copy that found no room, whatever cp's is. */
const failed = 1

/**
 * Both filesystems are mounted in a folder that only this command sees. `cp` fails where an attribute cannot be set; holes stay holes,
 * and zeros that are no hole stay allocated, as swap files need. The new one is unmounted before the command ends, so that what it
 * could not write is told.
 */
export function copyCommand({ image, type, from, to }: Copying): TiedCommand<null> {
  const kind = kindOf(type)
  if (kind === null) throw new RangeError(type)
  const read = optionsOf(kind, { isWritten: false, isThrowAway: false }).join(',')
  const write = optionsOf(kind, { isWritten: true, isThrowAway: false }).join(',')
  const script = [
    'mount -t tmpfs -o mode=700 varve "$3"',
    'mkdir "$3/from" "$3/to"',
    `mount -t ${kind.type} -o ${read} --source "$1" --target "$3/from"`,
    `mount -t ${kind.type} -o ${write} --source "$2" --target "$3/to"`,
    'find "$3/to" -mindepth 1 -not -path "$3/to/lost+found" -delete',
    `cp --recursive --no-dereference --preserve=${kept} --sparse=auto --no-target-directory -- "$3/from" "$3/to"`,
    'sync --file-system "$3/to"',
    'umount -- "$3/to"',
  ].join(' && ')
  return {
    ...alone({
      tool: 'sh',
      args: ['-c', script, 'sh', from, to, place],
      expected: [0, failed],
      silence,
      parse(output) {
        if (output.exitCode === 0) return null
        const said = stderrText(output).trim().replaceAll(/\s+/gu, ' ').slice(-mostSaid)
        if (said.includes('File name too long'))
          throw new DiskError('refused', {
            file: image,
            reason:
              'a folder in it lies so deep that its path is longer than 4,096 bytes, which cp cannot copy',
            remedy: 'Nothing of the image was changed. Move the folder up in the guest, and try again.',
            finding: 'path-too-long',
            layer: 'L6',
          })
        if (!said.includes('No space left on device'))
          throw new DiskError('tool-failed', {
            tool: 'cp',
            exitCode: output.exitCode,
            stderr: said,
            file: image,
          })
        throw new DiskError('refused', {
          file: image,
          reason: `its files do not fit into the new ${type}: ${said}`,
          remedy:
            'Nothing of the image was changed. Choose a larger size (--to), or delete files in the guest.',
          finding: 'too-small',
          layer: 'L6',
        })
      },
    }),
    of: 'cp',
  }
}

/** Characters of what a tool said that stand in a message. */
const mostSaid = 500
