import { writingToolRules, type WritingTool } from '@varve/operations/convert/writing-tools'
import type { FactsContext } from './local-operation.ts'

/** Whether this host has a tool of a hypervisor, or is a Windows that has Hyper-V. */
export async function isToolThere(
  tool: WritingTool,
  { ports }: Pick<FactsContext, 'ports'>,
): Promise<boolean> {
  const { program } = writingToolRules[tool]
  if (program !== null) return (await ports.tools.find(program)) !== null
  const host = ports.windowsHost
  return host !== undefined && (await host.disks(null)).by === 'hyper-v'
}
