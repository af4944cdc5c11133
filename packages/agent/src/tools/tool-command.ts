/** What a tool said; raw bytes, because some tools answer in UTF-16. */
export interface ToolOutput {
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

/** A command as data: built apart from being run. */
export interface ToolCommand<Output> {
  /** Name as people call it, such as `qemu-img`. */
  readonly tool: string
  /** The argument vector; no shell ever sees it. */
  readonly args: readonly string[]
  /** Exit codes that are an answer, not a failure; 0 when not given. */
  readonly expected?: readonly number[]
  readonly parse: (output: ToolOutput) => Output
}

export interface RunToolOptions {
  readonly signal?: AbortSignal
  /** Absolute path of the tool. */
  readonly path: string
  /** The tool is ended when it says nothing for so long; default 30 seconds. */
  readonly silenceMs?: number
  /** The file that the command is about, for messages; default the tool's path. */
  readonly file?: string
}

/** Runs commands; throws `tool-failed`, `tool-missing`, `no-progress`, `canceled`. */
export interface ToolRunner {
  run<Output>(command: ToolCommand<Output>, options: RunToolOptions): Promise<Output>
}

const decoder = new TextDecoder()

/** What the tool wrote to its standard output, as text. */
export function stdoutText(output: ToolOutput): string {
  return decoder.decode(output.stdout)
}
