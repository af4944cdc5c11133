import { stdoutText, type ToolCommand } from '@varve/agent/tools/tool-command'
import type { Subvolume } from '@varve/protocol/places'

export interface QuotaRow extends NonNullable<Subvolume['quota']> {
  readonly subvolume: number
}

const row = /^\s*0\/(\d{1,15})\s+(\d{1,16})\s+(\d{1,16})\s+(\d{1,16}|none)\s+(\d{1,16}|none)(?:\s|$)/u

/**
 * `btrfs qgroup show` of the groups of single subvolumes; 1: quotas are not on. As text: with a limit the JSON of btrfs-progs
 * 6.2 ends in an assertion.
 */
export function quotasOf(mountPoint: string): ToolCommand<readonly QuotaRow[]> {
  return {
    tool: 'btrfs',
    args: ['qgroup', 'show', '--raw', '-r', '-e', '--', mountPoint],
    expected: [0, 1],
    parse: (output) =>
      stdoutText(output)
        .split('\n')
        .flatMap((line) => {
          const [, id, referenced, exclusive, mostReferenced, mostExclusive] = row.exec(line) ?? []
          if (id === undefined) return []
          return {
            subvolume: Number(id),
            referenced: Number(referenced),
            exclusive: Number(exclusive),
            mostReferenced: limitOf(mostReferenced),
            mostExclusive: limitOf(mostExclusive),
          }
        }),
  }
}

function limitOf(text: string | undefined): number | null {
  return text === undefined || text === 'none' ? null : Number(text)
}
