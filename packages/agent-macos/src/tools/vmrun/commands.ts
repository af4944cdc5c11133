import { stdoutText, type ToolCommand } from '@varve/agent/tools/tool-command'
import { parseRunningMachines } from './output.ts'

/** The machines of VMware Fusion that run, by the paths of their `.vmx`. */
export function listRunning(): ToolCommand<readonly string[]> {
  return {
    tool: 'vmrun',
    args: ['-T', 'fusion', 'list'],
    parse: (output) => parseRunningMachines(stdoutText(output)),
  }
}
