import { stdoutText, type ToolCommand } from '@varve/agent/tools/tool-command'
import {
  parseParallelsMachines,
  parseParallelsSnapshots,
  type ParallelsMachine,
  type ParallelsSnapshot,
} from './output.ts'

/** Every machine that Parallels Desktop knows, with its state and its disks. */
export function listMachines(): ToolCommand<readonly ParallelsMachine[]> {
  return {
    tool: 'prlctl',
    args: ['list', '-a', '-i', '-j'],
    parse: (output) => parseParallelsMachines(stdoutText(output)),
  }
}

/** The snapshots of a machine; options come after it. */
export function listSnapshots(id: string): ToolCommand<readonly ParallelsSnapshot[]> {
  return {
    tool: 'prlctl',
    args: ['snapshot-list', `{${id}}`, '-j'],
    parse: (output) => parseParallelsSnapshots(stdoutText(output)),
  }
}
