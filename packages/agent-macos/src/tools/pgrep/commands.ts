import type { ToolCommand } from '@varve/agent/tools/tool-command'

/** Whether a program of exactly that name runs. */
export function isRunning(program: string): ToolCommand<boolean> {
  return { tool: 'pgrep', args: ['-x', program], expected: [0, 1], parse: ({ exitCode }) => exitCode === 0 }
}
