import { DiskError } from '@varve/core/problems/disk-error'
import { expect, test } from 'vitest'
import type { Logger } from '../platform/logger.ts'
import { ScriptedToolRunner } from '../testing/scripted-tool-runner.ts'
import { loggedToolRunner } from './logged-tool-runner.ts'
import { stdoutText } from './tool-command.ts'

function recorder() {
  const said: { level: string; facts: object; message: string }[] = []
  const at = (level: string) => (facts: object, message: string) => said.push({ level, facts, message })
  const log: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return { said, log }
}

const options = { path: '/usr/bin/tool' }
const command = { tool: 'tool', args: ['--to', "it's"], stdin: 'the secret', parse: stdoutText }

test('a tool is said with its command line, exit code and time, and never what it reads', async () => {
  const { said, log } = recorder()
  const answers = [{ tool: 'tool', args: ['--to', "it's"], stdin: 'the secret', stdout: 'done' }]
  const runner = loggedToolRunner(new ScriptedToolRunner(answers), log)
  expect(await runner.run(command, options)).toBe('done')
  const line = String.raw`/usr/bin/tool --to 'it'\''s'`
  expect(said).toEqual([
    { level: 'debug', facts: { command: line }, message: 'a tool begins' },
    {
      level: 'info',
      facts: { command: line, exitCode: 0, seconds: expect.any(Number) as number },
      message: 'a tool ended',
    },
  ])
  expect(JSON.stringify(said)).not.toContain('secret')
})

test('a failure is said with its code and thrown on', async () => {
  const { said, log } = recorder()
  const failure = new DiskError('tool-failed', { file: 'tool', tool: 'tool', exitCode: 7, stderr: 'no' })
  const runner = loggedToolRunner({ run: async () => Promise.reject(failure) }, log)
  await expect(runner.run(command, options)).rejects.toBe(failure)
  expect(said.at(-1)).toMatchObject({ level: 'warn', facts: { code: 'tool-failed', exitCode: 7 } })
})
