import { existsSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { toErrorRecord, type ErrorRecord } from '@varve/core/problems/disk-error'
import { isNbdAddress } from '@varve/nbd/nbd-address'
import { UsageError, type CommandContext, type Outcome } from './command.ts'
import { exitCodeOf, worstOf, type ExitCode } from './exit-codes.ts'
import { addressesOf } from './input.ts'
import { explained } from './output/explain.ts'
import { printable } from './output/text.ts'
import type { FreeOptions } from './operations/wish.ts'

interface Files {
  /** As they were said, patterns replaced by what they match. */
  readonly files: readonly string[]
  /** Whether the answer is a list: several were said, or a pattern. */
  readonly isList: boolean
}

/** The files that operands mean. A pattern is what shells know; where one has not replaced it already, as on Windows, it is replaced here. */
export async function filesOf(operands: readonly string[]): Promise<Files> {
  const files: string[] = []
  let isList = operands.length > 1
  for (const operand of operands) {
    const found = isPattern(operand) ? await matches(operand) : []
    if (found.length === 0) files.push(operand)
    else {
      isList = true
      files.push(...found)
    }
  }
  return { files: [...new Set(files)], isList }
}

/** A file that is there under that very name is no pattern, nor is the address of an export. */
function isPattern(operand: string): boolean {
  return (
    /[*?[]/u.test(operand) &&
    !isNbdAddress(operand) &&
    ![...addressesOf(operand)].some(({ name }) => existsSync(name))
  )
}

async function matches(pattern: string): Promise<string[]> {
  const found: string[] = []
  for await (const name of glob(pattern)) found.push(name)
  return found.sort()
}

/**
 * Runs a command over one file or several; of several, one that fails does not keep the others from their turn. Its answer is then
 * one JSON array, each member with its `file`, or `error`; the exit code is the worst. Of runbooks it is one runbook.
 */
export async function overFiles(
  operands: readonly string[],
  context: CommandContext,
  run: (file: string, context: CommandContext) => Outcome,
  { script = false }: Pick<FreeOptions, 'script'> = {},
): Outcome {
  const { files, isList } = await filesOf(operands)
  const [only = ''] = files
  if (!isList) return await run(only, context)
  const print = (text: string) => context.print(text)
  const answers = script ? scriptAnswers(print) : context.json ? jsonAnswers(print) : textAnswers(print)
  const codes: ExitCode[] = []
  for (const file of files) {
    codes.push(
      await run(file, { ...context, print: (text) => answers.add(file, text) }).catch((error: unknown) => {
        if (error instanceof UsageError) throw error
        const record = toErrorRecord(context.signal.aborted ? context.signal.reason : error, file)
        answers.fail(file, record)
        context.remark(explained(record))
        return exitCodeOf(record.code)
      }),
    )
    if (context.signal.aborted) break
  }
  answers.end()
  return worstOf(codes)
}

interface Answers {
  /** What the command prints about the file. */
  add(file: string, text: string): void
  fail(file: string, error: ErrorRecord): void
  end(): void
}

function textAnswers(print: (text: string) => void): Answers {
  let last: string | null = null
  return {
    add(file, text) {
      if (file !== last) print(`${last === null ? '' : '\n'}==> ${printable(file)} <==`)
      last = file
      print(text)
    },
    fail: () => {},
    end: () => {},
  }
}

/** Runbooks, one after another, which are one for the shell too: nothing stands between them. */
function scriptAnswers(print: (text: string) => void): Answers {
  return { add: (_file, text) => print(text), fail: () => {}, end: () => {} }
}

/** An array that is printed as it comes: a thousand reports are not held. */
function jsonAnswers(print: (text: string) => void): Answers {
  let count = 0
  const add = (member: object) => {
    print(`${count === 0 ? '[' : ','}${JSON.stringify(member)}`)
    count += 1
  }
  return {
    add: (file, text) => add(Object.assign({ file }, parsed(text), { file })),
    fail: (file, error) => add({ file, error }),
    end: () => print(count === 0 ? '[]' : ']'),
  }
}

function parsed(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new TypeError('The answer about one of several files is no object.')
}
