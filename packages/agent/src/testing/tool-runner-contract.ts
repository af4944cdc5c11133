import { describe, expect, test } from 'vitest'
import { stdoutText, type ToolCommand, type ToolRunner } from '../tools/tool-command.ts'
import type { ScriptedAnswer } from './scripted-tool-runner.ts'

const say = (script: string, expected?: readonly number[]): ToolCommand<string> => ({
  tool: 'sh',
  args: ['-c', script],
  ...(expected && { expected }),
  parse: stdoutText,
})

/** What the commands of this contract answer; a scripted runner is given these, a real one runs them. */
export const contractAnswers: readonly ScriptedAnswer[] = [
  { tool: 'sh', args: ['-c', 'printf hello'], stdout: 'hello' },
  { tool: 'sh', args: ['-c', 'echo broken >&2; exit 4'], stderr: 'broken\n', exitCode: 4 },
  { tool: 'sh', args: ['-c', 'printf differs; exit 1'], stdout: 'differs', exitCode: 1 },
]

/** What every runner of tools promises. */
export function describeToolRunner(name: string, make: () => ToolRunner): void {
  const options = { path: '/bin/sh', file: 'web01.vmdk' }
  describe(`ToolRunner: ${name}`, () => {
    test('gives what the command makes of the output', async () => {
      expect(await make().run(say('printf hello'), options)).toBe('hello')
    })

    test('an exit code that is no answer is a coded error with what the tool said', async () => {
      await expect(make().run(say('echo broken >&2; exit 4'), options)).rejects.toMatchObject({
        code: 'tool-failed',
        file: 'web01.vmdk',
        details: { tool: 'sh', exitCode: 4, stderrTail: expect.stringContaining('broken') },
      })
    })

    test('an exit code that is an answer is one', async () => {
      expect(await make().run(say('printf differs; exit 1', [0, 1]), options)).toBe('differs')
    })

    test('canceled before it began, it does not run', async () => {
      const signal = AbortSignal.abort()
      await expect(make().run(say('printf hello'), { ...options, signal })).rejects.toMatchObject({
        code: 'canceled',
      })
    })
  })
}
