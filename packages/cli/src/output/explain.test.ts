import { expect, test } from 'vitest'
import { describePlan } from './describe-plan.ts'
import { explained } from './explain.ts'

const hostile = '\u001b[2J\u202Egnp\u200B'
const steers = /[\u0000-\u0009\u000B-\u001F\u200B-\u200F\u202A-\u202E]/u

test('what a tool said keeps its lines, and steers no terminal', () => {
  const text = explained({ message: `PowerShell failed: ${hostile}\r\nzwei`, remedy: hostile })
  expect(text.split('\n')).toHaveLength(3)
  expect(text).not.toMatch(steers)
})

test('a plan is shown with all the names that are in it', () => {
  const step = { layer: 'L2', title: `Keep ${hostile}`, does: hostile, command: hostile, host: 'h' }
  const plan = { kind: 'plan', summary: `Keep ${hostile}\n`, steps: [step], warnings: [] }
  expect(describePlan(plan as never, (_style, text) => text)).not.toMatch(steers)
})
