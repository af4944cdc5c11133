import { findAction } from '../actions/known-actions.ts'
import type { Plan, Step } from './plan.ts'
import { posixWord, powershellWord, unprintable, type Shown } from './shown.ts'
import { stepsUsed } from './wired.ts'

export interface ScriptStep {
  readonly step: Step
  readonly shown: Shown
}

interface Dialect {
  readonly head: readonly string[]
  readonly word: (word: string) => string
  readonly assign: (variable: string, command: string) => string
  /** The word `id=` and, behind it, what a variable holds. */
  readonly outcome: (id: string, variable: string) => string
  readonly withInput: (command: string, stdin: string) => string
  readonly after: readonly string[]
}

const posix: Dialect = {
  head: ['#!/bin/sh', 'set -eu'],
  word: posixWord,
  assign: (variable, command) => `${variable}=$(${command})`,
  outcome: (id, variable) => `"${id}=$${variable}"`,
  withInput: (command, stdin) => `printf %s ${posixWord(stdin)} | ${command}`,
  after: [],
}

const powershell: Dialect = {
  head: [
    "$ErrorActionPreference = 'Stop'",
    '# Every PowerShell hands words to programs as Windows PowerShell 5.1 does: quotes in them are escaped by hand.',
    "$PSNativeCommandArgumentPassing = 'Legacy'",
    "function Get-JsonWord($text) { ($text -replace ' ', '\\u0020') -replace '(\\\\*)\"', '$1$1\\\"' }",
  ],
  word: (word) => powershellWord(nativeWord(word)),
  assign: (variable, command) => `$${variable} = ${command}`,
  outcome: (id, variable) => `('${id}=' + (Get-JsonWord $${variable}))`,
  withInput: (command, stdin) => `${powershellWord(stdin)} | ${command}`,
  after: ['if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }'],
}

/**
 * A word with quotes in it as a program gets it from Windows PowerShell 5.1, which puts no quotes around a blank that stands
 * between two others: in JSON, the only words of runbooks with both, a blank can be written as an escape.
 */
function nativeWord(word: string): string {
  if (!word.includes('"')) return word
  const plain = /^[{[]/u.test(word) ? word.replaceAll(' ', String.raw`\u0020`) : word
  return plain.replaceAll(/(\\*)"/gu, String.raw`$1$1\"`)
}

/** A plan as a runbook for a shell, each line the command of one step; steps of other hosts name theirs. */
export function planScript(
  { summary, operation }: Pick<Plan, 'summary' | 'operation'>,
  steps: readonly ScriptStep[],
  shell: 'posix' | 'powershell',
): string {
  const dialect = shell === 'posix' ? posix : powershell
  const isUsed = new Set(steps.flatMap(({ step }) => stepsUsed(step.input)))
  const lines = steps.flatMap(({ step, shown }, index) => {
    const { layer } = findAction(step.action)
    const about = `# ${index + 1} · ${layer === 'all' ? 'L0–L7' : layer} · ${step.id} on ${oneLine(step.host)}`
    const command = commandOf(step, shown, dialect)
    const line = isUsed.has(step.id) ? dialect.assign(variableOf(step.id), command) : command
    return ['', about, line, ...dialect.after]
  })
  return [...dialect.head, `# ${operation}: ${oneLine(summary)}`, ...lines, ''].join('\n')
}

function commandOf(step: Step, { argv, stdin }: Shown, dialect: Dialect): string {
  const outcomes = [...new Set(stepsUsed(step.input))].flatMap((id) => [
    '--outcome',
    dialect.outcome(id, variableOf(id)),
  ])
  const [program = '', ...args] = argv
  const words = [dialect.word(program), ...args.map(dialect.word), ...outcomes]
  const command = words.join(' ')
  return stdin === undefined ? command : dialect.withInput(command, stdin)
}

function variableOf(id: string): string {
  return `step_${id.replaceAll(/\W/gu, '_')}`
}

function oneLine(text: string): string {
  return text.replaceAll(unprintable, '?')
}
