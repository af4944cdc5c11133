import type { ToolCommand } from '@varve/agent/tools/tool-command'

/** `zpool sync`: what was freed in the pool is counted as free when it comes back. */
export function syncPool(pool: string): ToolCommand<null> {
  return { tool: 'zpool', args: ['sync', pool], silence: { ms: 120_000, io: true }, parse: () => null }
}
