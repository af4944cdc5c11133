import { join } from 'node:path/win32'
import type { ToolCommand, ToolRunner } from '@varve/agent/tools/tool-command'

const system = 'S-1-5-18'
const administrators = 'S-1-5-32-544'
/** What lies below inherits it: Windows writes it there at once, which takes as long as there are files. */
const silenceMs = 15 * 60_000
const everythingBelow = '(OI)(CI)'

const command = (args: readonly string[]): ToolCommand<null> => ({
  tool: 'icacls',
  args,
  silence: { ms: silenceMs },
  parse: () => null,
})

/** Lets the account read, write and delete in the folder, besides who may already. */
export function letIn(folder: string, account: string): ToolCommand<null> {
  return command([folder, '/grant:r', `*${account}:${everythingBelow}M`, '/q'])
}

/** Closes the folder to all but the system, administrators and the account. */
export function closeTo(folder: string, account: string): ToolCommand<null> {
  const full = [system, administrators].flatMap((sid) => ['/grant:r', `*${sid}:${everythingBelow}F`])
  return command([folder, '/inheritance:r', ...full, '/grant:r', `*${account}:${everythingBelow}M`, '/q'])
}

/** Takes from the account what it was given. */
export function letOut(folder: string, account: string): ToolCommand<null> {
  return command([folder, '/remove:g', `*${account}`, '/q'])
}

/** Changes rights of folders. */
export function folderRights(runner: ToolRunner, systemFolder: string) {
  const path = join(systemFolder, 'icacls.exe')
  return async (one: ToolCommand<null>): Promise<void> => {
    await runner.run(one, { path, file: one.args[0] ?? path })
  }
}
