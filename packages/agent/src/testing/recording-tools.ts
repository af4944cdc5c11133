import type { ToolBox } from '../actions/adapter.ts'

/** How a tool ended. */
export interface ExitedTool {
  readonly stdout: string
  readonly exitCode?: number
}

export interface RecordedCommand {
  readonly argv: readonly string[]
  readonly stdin: string | Uint8Array | undefined
}

/** Tools that run nothing: they note the command and give one answer. */
export function recordingTools({
  stdout,
  exitCode = 0,
}: ExitedTool): ToolBox & { readonly commands: RecordedCommand[] } {
  const commands: RecordedCommand[] = []
  return {
    commands,
    find: async (tool) => Promise.resolve(`/usr/bin/${tool}`),
    async run(command) {
      commands.push({ argv: [command.tool, ...command.args], stdin: command.stdin })
      const bytes = new TextEncoder().encode(stdout)
      return Promise.resolve(
        command.parse({ exitCode, stdout: bytes, stderr: new Uint8Array(0), label: 'utf-8' }),
      )
    },
  }
}
