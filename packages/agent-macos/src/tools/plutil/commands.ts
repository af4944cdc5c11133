import type { ToolCommand } from '@varve/agent/tools/tool-command'

/** Whether a property list is one that macOS reads. */
export function lintPropertyList(path: string): ToolCommand<null> {
  return { tool: 'plutil', args: ['-lint', '-s', '--', path], parse: () => null }
}
