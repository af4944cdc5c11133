import { stdoutText, type ToolOutput } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'

/** An image that the service of virtual disks knows. */
export interface ListedVhd {
  readonly path: string
  /** Null: no disk of Windows is of it. */
  readonly disk: number | null
}

/** What a script of diskpart printed. */
export interface DiskpartSaid {
  readonly exitCode: number
  readonly text: string
}

export function diskpartSaid(output: ToolOutput): DiskpartSaid {
  return { exitCode: output.exitCode, text: stdoutText(output).trim() }
}

// `VDisk 0    Disk 2    Attached not open     Expandable  C:\a.vhdx`: words are in the language of the host, numbers and path are not.
const row = /^[* ] \S[^\d]*\d+\s{2,}\S[^\d]*?(?<disk>\d+|-{3})\s{2,}.*?\s(?<path>(?:[A-Za-z]:\\|\\\\).*)$/u

/** The rows of `list vdisk`, by their shape. */
export function parseList(text: string): readonly ListedVhd[] {
  return text.split(/[\r\n]+/u).flatMap((line) => {
    const { disk, path } = row.exec(line)?.groups ?? {}
    if (disk === undefined || path === undefined) return []
    return [{ path: path.trimEnd(), disk: disk === '---' ? null : Number(disk) }]
  })
}

/** That the state read back is not what the script was for. */
export function diskpartProblem(file: string, { exitCode, text }: DiskpartSaid): DiskError {
  return new DiskError('tool-failed', {
    file,
    tool: 'diskpart',
    exitCode,
    stderr: lastWords(text) || 'it said nothing, as it does without an elevated administrator',
  })
}

/** Its first lines are its version, and say nothing of what failed. */
function lastWords(text: string): string {
  const lines = text.split(/[\r\n]+/u).flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
  return lines.slice(-3).join(' ')
}
