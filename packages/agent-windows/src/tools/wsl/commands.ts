import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { parseRunning } from './output.ts'

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
