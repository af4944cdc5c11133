import { stdoutText, type ToolCommand } from '@varve/agent/tools/tool-command'
import { parseMachineList, type ListedMachine } from './output.ts'

/** The machines that UTM knows, with their states; starts UTM where it is not running. */
export function listMachines(): ToolCommand<readonly ListedMachine[]> {
  return { tool: 'utmctl', args: ['list'], parse: (output) => parseMachineList(stdoutText(output)) }
}
