import { createLineReader, toolText, type LineReader, type ToolEncoding } from './tool-text.ts'

/** What a tool said, as bytes; `label` names the encoding of its text. */
export interface ToolOutput {
  readonly exitCode: number
  readonly stdout: Uint8Array
  /** Whole up to the bound of the runner; of more, its beginning and its end. */
  readonly stderr: Uint8Array
  /** Such as `utf-8`, `utf-16le` or `cp850`. */
  readonly label: string
}

export interface ToolLine {
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

/** How far a tool is, as it says itself. */
export interface ToolProgress {
  /** From 0 to 1; null when it does not tell. */
  readonly fraction: number | null
  /** What it is at, in its words. */
  readonly note?: string
}

/** How long a tool may be silent, and what shows that it works although it says nothing. */
export interface ToolSilence {
  readonly ms: number
  /** Files that change while it works, such as the image that is written. */
  readonly files?: readonly string[]
  /** Whether bytes that it and its children read and write count; only Linux tells. */
  readonly io?: boolean
}

/** A command as data: built apart from being run. */
export interface ToolCommand<Output> {
  /** Name as people call it, such as `qemu-img`. */
  readonly tool: string
  /** The argument vector; no shell ever sees it. */
  readonly args: readonly string[]
  /** What its standard input gives; text in the command's encoding. Nothing when not given. */
  readonly stdin?: string | Uint8Array
  /** How its text is encoded; UTF-8 when not given. */
  readonly encoding?: ToolEncoding
  /** Added to the environment of the agent. */
  readonly env?: Readonly<Record<string, string>>
  /** Exit codes that are an answer, not a failure; 0 when not given. */
  readonly expected?: readonly number[]
  /** 30 seconds of silence when not given. */
  readonly silence?: ToolSilence
  /** What a line says about progress; null: nothing. A line ends with a line feed or, as bars do, a carriage return. */
  readonly progress?: (line: ToolLine) => ToolProgress | null
  /** Its progress is one line that grows, and is read as it does. */
  readonly isOneLine?: true
  readonly parse: (output: ToolOutput) => Output
}

export interface RunToolOptions {
  readonly signal?: AbortSignal
  /** Absolute path of the tool. */
  readonly path: string
  /** The file that the command is about, for messages; default the tool's path. */
  readonly file?: string
  readonly onProgress?: (progress: ToolProgress) => void
}

/** Runs commands; throws `tool-failed`, `tool-missing`, `no-progress`, `canceled`. */
export interface ToolRunner {
  run<Output>(command: ToolCommand<Output>, options: RunToolOptions): Promise<Output>
}

/** What the tool wrote to its standard output, as text. */
export function stdoutText({ stdout, label }: ToolOutput): string {
  return toolText(stdout, label)
}

/** What the tool wrote to its standard error, as text. */
export function stderrText({ stderr, label }: ToolOutput): string {
  return toolText(stderr, label)
}

export const usualSilence: ToolSilence = { ms: 30_000 }

interface ProgressWanted {
  readonly isOneLine: ToolCommand<unknown>['isOneLine']
  readonly progress: ToolCommand<unknown>['progress'] | undefined
  readonly onProgress: RunToolOptions['onProgress'] | undefined
}

/** Tells progress from the lines of a stream; null when nobody wants it. */
export function progressReader(
  stream: ToolLine['stream'],
  label: string,
  { progress, onProgress, isOneLine }: ProgressWanted,
): LineReader | null {
  if (!progress || !onProgress) return null
  return createLineReader(
    label,
    (text) => {
      const said = progress({ stream, text })
      if (said) onProgress(said)
    },
    isOneLine,
  )
}

export function isExpected({ expected = [0] }: ToolCommand<unknown>, exitCode: number): boolean {
  return expected.includes(exitCode)
}
