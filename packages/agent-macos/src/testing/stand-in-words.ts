import { writeSync } from 'node:fs'
import { changeMac, type MacState } from './mac-state.ts'

/** What strerror says, in the languages of the stand-in. */
const words: Readonly<Record<MacState['locale'], Readonly<Record<number, string>>>> = {
  C: {
    1: 'image not recognized',
    2: 'No such file or directory',
    6: 'Device not configured',
    16: 'Resource busy',
    35: 'Resource temporarily unavailable',
    80: 'Authentication error',
  },
  zh: { 1: '无法识别映像', 2: '没有那个文件或目录', 16: '资源忙', 35: '资源暂时不可用', 80: '鉴定错误' },
}

export interface Called {
  readonly tool: 'hdiutil' | 'diskutil'
  /** Path of the state. */
  readonly path: string
  readonly args: readonly string[]
}

export function say(text: string): void {
  writeSync(1, text)
}

/** Ends the tool as macOS does: the text in the user's language, the code of the error. */
export function failWith({ tool, args }: Called, code: number, state: Pick<MacState, 'locale'>): never {
  const said = words[state.locale][code] ?? words.C[code] ?? 'internal error'
  writeSync(2, `${tool}: ${args[0]} failed - ${said}\n`)
  process.exit(code)
}

/** Notes a call that changes something, and fails as it was told to; newer systems warn first. */
export function begin(called: Called, verb: string): void {
  const { tool, args, path } = called
  const state = changeMac(path, (now) => {
    now.calls.push([tool, ...args])
    return now
  })
  if (tool === 'hdiutil' && state.release >= 26)
    writeSync(
      2,
      `hdiutil: WARNING: 'hdiutil ${args[0]} ...' is deprecated. Please use 'diskutil image' instead.\n`,
    )
  const code = state.failures[`${tool} ${verb}`]
  if (code !== undefined) failWith(called, code, state)
}

/** A tool that does not end although its work is done. */
export async function hangIfTold({ tool, path }: Called, verb: string): Promise<void> {
  const isTold = changeMac(path, ({ hangs }) => hangs.includes(`${tool} ${verb}`))
  if (isTold) await new Promise<never>(() => setInterval(() => {}, 60_000))
}

/** The first of these arguments that is no option and no value of one. */
export function operandOf(args: readonly string[], valued: readonly string[]): string {
  const left = args.filter((arg, at) => !arg.startsWith('-') && !valued.includes(args[at - 1] ?? ''))
  return left[0] ?? ''
}

export function valueOf(args: readonly string[], option: string): string | null {
  const at = args.indexOf(option)
  return at < 0 ? null : (args[at + 1] ?? null)
}
