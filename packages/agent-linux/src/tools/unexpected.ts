import type { ToolOutput } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'

/** A tool ended well, and what it said is not what any version of it prints. */
export function unexpected(tool: string, { exitCode }: ToolOutput, reason: string): DiskError {
  return new DiskError('tool-failed', { file: tool, tool, exitCode, stderr: reason })
}
