import type { ToolOutput } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'
import { toolText } from '@varve/agent/tools/tool-text'

/** What `wsl.exe` said: UTF-8 where it knows `WSL_UTF8`, else UTF-16 without a mark. */
export function wslText({ stdout }: Pick<ToolOutput, 'stdout'>): string {
  // No text of its own has a zero byte in UTF-8.
  return toolText(stdout, stdout.includes(0) ? 'utf-16le' : 'utf-8')
}

/** Such as `Wsl/Service/WSL_E_DISTRO_NOT_STOPPED`, alike in every language; null: it names none. */
export function wslErrorCode(text: string): string | null {
  return /\bWsl(?:\/\w+)+/u.exec(text)?.[0] ?? null
}

/** Names of what runs; that none does is told by a failure with one sentence in the language of the host. */
export function parseRunning(output: ToolOutput): readonly string[] | null {
  const text = wslText(output)
  const lines = text.split(/[\r\n]+/u).flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
  if (output.exitCode === 0) return lines
  // Another failure has a code, or is the help of an older one.
  return wslErrorCode(text) === null && lines.length <= 1 ? [] : null
}

/** The first line has the version of WSL itself, after its name in the language of the host. */
export function parseVersion(output: ToolOutput): string | null {
  if (output.exitCode !== 0) return null
  const [line = ''] = wslText(output).split(/[\r\n]+/u)
  return /\d+(?:\.\d+){2,3}/u.exec(line)?.[0] ?? null
}

/** Bytes that `fstrim -v` discarded, the number that is said in bytes; null: it said none. Throws where it failed. */
export function parseTrimmed(output: ToolOutput, asked: Parameters<typeof wslProblem>[1]): number | null {
  const text = wslText(output)
  if (output.exitCode !== 0) throw trimProblem(output, asked)
  const bytes =
    /\((?<bytes>\d+)\s/u.exec(text)?.groups?.['bytes'] ?? /\s(?<bytes>\d+)\s/u.exec(text)?.groups?.['bytes']
  return bytes === undefined || !Number.isSafeInteger(Number(bytes)) ? null : Number(bytes)
}

/** What the program inside says comes on its standard error. */
function trimProblem(output: ToolOutput, asked: Parameters<typeof wslProblem>[1]): DiskError {
  const { exitCode, stderr } = output
  if (wslErrorCode(wslText(output)) !== null) return wslProblem(output, asked)
  const said = toolText(stderr, 'utf-8').trim()
  return new DiskError('tool-failed', {
    file: asked.image,
    tool: 'fstrim',
    exitCode,
    stderr: said || wslText(output).trim(),
  })
}

/** What `wsl.exe` failed with, which it says on its standard output, as an error about a file. */
export function wslProblem(
  output: ToolOutput,
  { image: file, distribution: name }: { readonly image: string; readonly distribution: string },
): DiskError {
  const text = wslText(output).trim()
  const code = wslErrorCode(text)?.split('/').at(-1)
  if (code === 'WSL_E_DISTRO_NOT_STOPPED' || code === 'ERROR_SHARING_VIOLATION')
    return new DiskError('in-use', {
      file,
      by: `the WSL distribution ${name}`,
      uses: [{ by: 'distribution', name }],
    })
  if (code === 'WSL_E_DISTRO_NOT_FOUND') return new DiskError('not-found', { file })
  const { exitCode } = output
  return new DiskError('tool-failed', { file, tool: 'wsl', exitCode, stderr: text || 'it said nothing' })
}
