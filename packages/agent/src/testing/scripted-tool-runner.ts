import { DiskError } from '@varve/core/problems/disk-error'
import type { RunToolOptions, ToolCommand, ToolRunner } from '../tools/tool-command.ts'

/** One answer of a scripted tool. */
export interface ScriptedAnswer {
  readonly tool: string
  readonly args: readonly string[]
  readonly stdout?: string
  readonly stderr?: string
  readonly exitCode?: number
}

/** Answers from a list, each answer once, and fails on any command that is not in it. */
export class ScriptedToolRunner implements ToolRunner {
  readonly #answers: ScriptedAnswer[]
  constructor(answers: readonly ScriptedAnswer[]) {
    this.#answers = [...answers]
  }

  /** Answers that nobody asked for. */
  get left(): readonly ScriptedAnswer[] {
    return this.#answers
  }

  async run<Output>(command: ToolCommand<Output>, options: RunToolOptions): Promise<Output> {
    const { file = options.path } = options
    if (options.signal?.aborted === true) throw new DiskError('canceled', { file, what: command.tool })
    const at = this.#answers.findIndex(
      ({ tool, args }) => tool === command.tool && JSON.stringify(args) === JSON.stringify(command.args),
    )
    const [answer] = at < 0 ? [] : this.#answers.splice(at, 1)
    if (!answer) throw new Error(`not in the script: ${command.tool} ${command.args.join(' ')}`)
    const { stdout = '', stderr = '', exitCode = 0 } = answer
    if (!(command.expected ?? [0]).includes(exitCode)) {
      throw new DiskError('tool-failed', { file, tool: command.tool, exitCode, stderrTail: stderr })
    }
    const encoder = new TextEncoder()
    return command.parse({ stdout: encoder.encode(stdout), stderr: encoder.encode(stderr) })
  }
}
