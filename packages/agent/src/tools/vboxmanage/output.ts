import { stdoutText, type ToolLine, type ToolOutput, type ToolProgress } from '../tool-command.ts'

/** An image that VirtualBox has in its registry. */
export interface Medium {
  readonly uuid: string
  readonly location: string
}

/** Blocks of `list hdds`, told by what stands in them: its words are in the language of the host. */
export function mediaOutput(output: ToolOutput): readonly Medium[] {
  return stdoutText(output)
    .split(/(?:\r?\n){2,}/u)
    .flatMap((block) => {
      const values = block.split(/\r?\n/u).map((line) => line.replace(/^[^:]*:\s*/u, ''))
      const uuid = values.find((value) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu.test(value))
      const location = values.find((value) => /^(?:\/|[A-Za-z]:[\\/]|\\\\)/u.test(value))
      return uuid === undefined || location === undefined ? [] : [{ uuid, location }]
    })
}

/** Windows has the same file by names in any case. */
export function isSameLocation(
  location: string,
  path: string,
  system: NodeJS.Platform = process.platform,
): boolean {
  return system === 'win32' ? location.toLowerCase() === path.toLowerCase() : location === path
}

/** `0%...10%...20%`, a line that grows: the last number of it counts. */
export function cloneProgress({ text }: ToolLine): ToolProgress | null {
  const percent = /(\d{1,3})%[.\s]*$/u.exec(text)?.[1]
  return percent === undefined ? null : { fraction: Math.min(Number(percent) / 100, 1) }
}
