import { stdoutText, type ToolCommand } from '@varve/agent/tools/tool-command'
import { parseOpenFiles, type OpenFile } from './output.ts'

/** Every file that a process has open, with the process, its parent, how it is open and which file it is. */
export function listOpenFiles(): ToolCommand<readonly OpenFile[]> {
  return {
    tool: 'lsof',
    // -n, -P: no names of hosts and ports are asked for; -w: no warnings; -b would leave files of network filesystems out.
    args: ['-n', '-P', '-w', '-F', 'pRcfatDi'],
    // 1: something could not be listed, such as files of other users.
    expected: [0, 1],
    silence: { ms: 60_000 },
    parse: (output) => parseOpenFiles(stdoutText(output)),
  }
}
