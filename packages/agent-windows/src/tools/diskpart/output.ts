import { stdoutText, type ToolOutput } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'

/** What a script of diskpart printed. */
export interface DiskpartSaid {
  readonly exitCode: number
  readonly text: string
}

export function diskpartSaid(output: ToolOutput): DiskpartSaid {
  return { exitCode: output.exitCode, text: stdoutText(output).trim() }
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
