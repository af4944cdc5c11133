import { stderrText, type ToolOutput } from '@varve/agent/tools/tool-command'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { parsePropertyList } from '@varve/core/text/property-list'
import type { PropertyDictionary, PropertyValue } from '@varve/core/text/property-value'

/** Who was asked, and about which file. */
export interface Asked {
  readonly tool: 'hdiutil' | 'diskutil'
  readonly file: string
}

/** Exit codes are errors of the system: every one is looked at. */
export const anyCode: readonly number[] = Array.from({ length: 256 }, (_, code) => code)

/** Numbers of errors that macOS gives (sys/errno.h of xnu). */
export const errno = { noEntry: 2, notConfigured: 6, busy: 16, again: 35, authentication: 80 } as const

const marks = ['<?xml', '<!DOCTYPE plist', '<plist', 'bplist00'] as const
const end = '</plist>'
const openingBracket = '<'.charCodeAt(0)

/** The property list of an answer; licences, bars and warnings may stand before it. Throws `tool-failed` when there is none. */
export function answeredList(output: ToolOutput, asked: Asked): PropertyDictionary {
  const bytes = Buffer.from(output.stdout.buffer, output.stdout.byteOffset, output.stdout.byteLength)
  const begins = marks.map((mark) => bytes.indexOf(mark)).find((at) => at >= 0)
  if (begins === undefined) throw noAnswer(output, asked, 'it holds no property list')
  const ends = bytes.lastIndexOf(end)
  const isXml = bytes[begins] === openingBracket
  if (isXml && ends < begins) throw noAnswer(output, asked, 'it is cut short')
  const list = isXml ? bytes.subarray(begins, ends + end.length) : bytes.subarray(begins)
  try {
    return parsePropertyList(list, { file: asked.file, structure: `answer of ${asked.tool}` })
  } catch (error) {
    if (!isDiskError(error, 'corrupt')) throw error
    throw noAnswer(output, asked, error.message)
  }
}

/** That what the tool said is not what it is known to say. */
export function noAnswer({ exitCode }: Pick<ToolOutput, 'exitCode'>, asked: Asked, why: string): DiskError {
  return new DiskError('tool-failed', { ...asked, exitCode, stderr: `its answer cannot be read: ${why}` })
}

/** The members of an array that are dictionaries. */
export function dictionariesIn(values: readonly PropertyValue[] | null): readonly PropertyDictionary[] {
  return (values ?? []).flatMap((value) => (value instanceof Map ? [value as PropertyDictionary] : []))
}

/** The text of an array's members that are text. */
export function stringsIn(values: readonly PropertyValue[] | null): readonly string[] {
  return (values ?? []).flatMap((value) => (typeof value === 'string' ? [value] : []))
}

/** `/dev/disk4s1`, however the tool writes it; null: it is no disk. */
export function deviceNamed(name: string | null): string | null {
  const found = /^(?:\/dev\/)?(disk\d{1,6}(?:s\d{1,4}){0,3})$/u.exec(name ?? '')?.[1]
  return found === undefined ? null : `/dev/${found}`
}

/** `/dev/disk4` of `/dev/disk4s1`. */
export function wholeDiskOf(device: string): string {
  return /^\/dev\/disk\d+/u.exec(device)?.[0] ?? device
}

/** The number of `/dev/disk4s1`; null: it is a whole disk. */
export function partitionNumber(device: string): number | null {
  const number = /^\/dev\/disk\d+s(\d+)$/u.exec(device)?.[1]
  return number === undefined ? null : Number(number)
}

/** What an error is, whatever its language: its exit code, or the number that its last line ends with. */
export function errorNumber(output: ToolOutput): number {
  const { exitCode } = output
  if (exitCode !== 1) return exitCode
  const said = /\((\d{1,3})\)\s*$/u.exec(complaints(output))?.[1]
  return said === undefined ? exitCode : Number(said)
}

/** What it complained of, without the warnings that newer systems put before. */
export function complaints(output: ToolOutput): string {
  return stderrText(output)
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\w+: WARNING:/u.test(line))
    .join('\n')
    .trim()
}

/** Throws the coded error of a call that failed. */
export function assertSucceeded(output: ToolOutput, { tool, file }: Asked): void {
  const { exitCode } = output
  if (exitCode === 0) return
  switch (errorNumber(output)) {
    case errno.noEntry:
      throw new DiskError('not-found', { file })
    case errno.busy:
    case errno.again:
      throw new DiskError('in-use', { file, by: 'macOS, a program or another attachment', how: 'holds' })
    default:
      throw new DiskError('tool-failed', {
        file,
        tool,
        exitCode,
        stderr: complaints(output) || 'it said nothing',
      })
  }
}
