import { DiskError } from '@varve/core/problems/disk-error'
import {
  isExpected,
  progressReader,
  usualSilence,
  type RunToolOptions,
  type ToolCommand,
  type ToolRunner,
} from '../tools/tool-command.ts'
import { labelOfCodePage, toolBytes, toolText, usualCodePage } from '../tools/tool-text.ts'

/** One answer of a scripted tool; text is said in the encoding of the command, bytes as they are. */
export interface ScriptedAnswer {
  readonly tool: string
  readonly args: readonly string[]
  /** What the command must give to standard input; nothing when not given. */
  readonly stdin?: string
  /** What the command must add to the environment; nothing when not given. */
  readonly env?: Readonly<Record<string, string>>
  readonly stdout?: string | Uint8Array
  readonly stderr?: string | Uint8Array
  readonly exitCode?: number
  /** It says nothing for ever, and nothing shows that it works. */
  readonly isSilent?: boolean
}

/** Answers from a list, each answer once, and fails on any command that is not in it. */
export class ScriptedToolRunner implements ToolRunner {
  readonly #answers: ScriptedAnswer[]
  readonly #oemCodePage: number

  constructor(
    answers: readonly ScriptedAnswer[],
    { oemCodePage = usualCodePage }: { oemCodePage?: number } = {},
  ) {
    this.#answers = [...answers]
    this.#oemCodePage = oemCodePage
  }

  /** Answers that nobody asked for. */
  get left(): readonly ScriptedAnswer[] {
    return this.#answers
  }

  async run<Output>(command: ToolCommand<Output>, options: RunToolOptions): Promise<Output> {
    const { file = options.path, signal } = options
    const { tool, encoding = 'utf-8' } = command
    if (signal?.aborted === true) throw new DiskError('canceled', { file, what: tool })
    const label = encoding === 'oem' ? labelOfCodePage(this.#oemCodePage) : encoding
    const { stdout = '', stderr = '', exitCode = 0, isSilent = false } = this.#take(command, label)
    if (isSilent) {
      const seconds = (command.silence ?? usualSilence).ms / 1000
      throw new DiskError('no-progress', { file, during: tool, seconds })
    }
    const said = { stdout: bytesOf(stdout, label), stderr: bytesOf(stderr, label) }
    for (const stream of ['stdout', 'stderr'] as const) {
      const lines = progressReader(stream, label, {
        progress: command.progress,
        isOneLine: command.isOneLine,
        onProgress: options.onProgress,
      })
      lines?.add(said[stream])
      lines?.end()
    }
    if (!isExpected(command, exitCode)) {
      throw new DiskError('tool-failed', { file, tool, exitCode, stderr: toolText(said.stderr, label) })
    }
    return command.parse({ exitCode, ...said, label })
  }

  #take({ tool, args, stdin, env = {} }: ToolCommand<unknown>, label: string): ScriptedAnswer {
    const given = stdin === undefined ? '' : typeof stdin === 'string' ? stdin : toolText(stdin, label)
    const called = JSON.stringify([tool, args, given, env])
    const at = this.#answers.findIndex(
      (answer) => JSON.stringify([answer.tool, answer.args, answer.stdin ?? '', answer.env ?? {}]) === called,
    )
    const [answer] = at < 0 ? [] : this.#answers.splice(at, 1)
    if (!answer) throw new Error(`not in the script: ${tool} ${args.join(' ')}`)
    return answer
  }
}

function bytesOf(said: string | Uint8Array, label: string): Uint8Array {
  return typeof said === 'string' ? toolBytes(said, label) : said
}
