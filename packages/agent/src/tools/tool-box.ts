import { DiskError } from '@varve/core/problems/disk-error'
import type { ToolBox } from '../actions/adapter.ts'
import type { Platform } from '../platform/platform.ts'
import { findToolPath } from './probe-tools.ts'

/** The tools of a platform, found when they are first wanted. */
export function platformTools(tools: Platform['tools']): ToolBox {
  const found = new Map<string, string>()

  async function find(name: string): Promise<string | null> {
    const known = found.get(name) ?? (await findToolPath(name, tools))
    if (known !== null) found.set(name, known)
    return known
  }

  return {
    find,
    async run(command, options) {
      const path = await find(command.tool)
      if (path !== null) return await tools.runner.run(command, { ...options, path })
      const { file = command.tool } = options
      const entry = tools.table.find(({ name }) => name === command.tool)
      throw new DiskError('tool-missing', {
        file,
        tool: command.tool,
        install: entry ? `Install it: ${entry.install}` : `Install ${command.tool}.`,
      })
    },
  }
}
