import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { parseRunning, parseVersion, wslProblem } from './output.ts'

/** -1, as Windows has it. */
export const wslFailed = 4_294_967_295

/** Distributions of this account that run now; null: it does not tell. The answer starts nothing. */
export const listRunning: ToolCommand<readonly string[] | null> = {
  tool: 'wsl',
  args: ['--list', '--running', '--quiet'],
  env: { WSL_UTF8: '1' },
  expected: [0, wslFailed],
  // Where WSL is not installed, newer ones wait for a key.
  silence: { ms: 15_000 },
  parse: parseRunning,
}

/** Of WSL itself, such as `2.5.7.0`; null: one that came with Windows, and knows no such question. */
export const wslVersion: ToolCommand<string | null> = {
  tool: 'wsl',
  args: ['--version'],
  env: { WSL_UTF8: '1' },
  expected: [0, wslFailed],
  silence: { ms: 15_000 },
  parse: parseVersion,
}

interface Resizing {
  readonly image: string
  readonly distribution: string
  readonly size: number
}

/** A size without a unit is one in bytes. */
export function manageResize(resizing: Resizing): ToolCommand<null> {
  const { image, distribution, size } = resizing
  return {
    tool: 'wsl',
    args: ['--manage', distribution, '--resize', String(size)],
    env: { WSL_UTF8: '1' },
    expected: [0, wslFailed],
    // It checks the filesystem before, and says nothing meanwhile.
    silence: { ms: 600_000, files: [image] },
    parse(output) {
      if (output.exitCode !== 0) throw wslProblem(output, resizing)
      return null
    },
  }
}
