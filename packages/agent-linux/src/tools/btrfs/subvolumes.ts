import { stdoutText, type ToolCommand } from '@varve/agent/tools/tool-command'
import { unexpected } from '../unexpected.ts'

export interface SubvolumeRow {
  readonly id: number
  readonly uuid: string
  readonly parentUuid: string | null
  readonly path: string
}

const line =
  /^ID (\d{1,15}) gen \d+ cgen \d+ parent \d+ top level \d+ parent_uuid ([0-9a-f-]{36}|-) +received_uuid \S+ +uuid ([0-9a-f-]{36}|-) +path (.*)$/u

/** `btrfs subvolume list`, which has no JSON in the versions of today; needs root. */
export function listSubvolumes(mountPoint: string): ToolCommand<readonly SubvolumeRow[]> {
  return {
    tool: 'btrfs',
    args: ['subvolume', 'list', '-p', '-c', '-g', '-u', '-q', '-R', '--', mountPoint],
    parse(output) {
      const rows: SubvolumeRow[] = []
      for (const text of stdoutText(output).replace(/\n$/u, '').split('\n')) {
        const [, id, parent, uuid, path] = line.exec(text) ?? []
        const last = rows.at(-1)
        if (id !== undefined && uuid !== undefined && path !== undefined)
          rows.push({
            id: Number(id),
            uuid,
            parentUuid: parent === undefined || parent === '-' ? null : parent,
            path,
          })
        // A name may go over several lines.
        else if (last) rows[rows.length - 1] = { ...last, path: `${last.path}\n${text}` }
        else if (text !== '')
          throw unexpected('btrfs', output, 'its answer is not what btrfs subvolume list prints')
      }
      return rows
    },
  }
}
