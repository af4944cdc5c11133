import { readFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { describeToolRunner } from '../testing/tool-runner-contract.ts'
import { ExecaToolRunner } from './execa-tool-runner.ts'
import { stdoutText, type ToolCommand } from './tool-command.ts'

describeToolRunner('execa', () => new ExecaToolRunner())

const runner = new ExecaToolRunner()
const options = { path: '/bin/sh' }
const shell = (script: string, ...args: string[]): ToolCommand<string> => ({
  tool: 'sh',
  args: ['-c', script, 'sh', ...args],
  parse: stdoutText,
})

test('arguments arrive as they are: no shell looks at them', async () => {
  const hostile = ['$(id)', '; rm -rf /', "a'b", 'new\nline', '*', '']
  const said = await runner.run(shell('for a; do printf "%s|" "$a"; done', ...hostile), options)
  expect(said).toBe(`${hostile.join('|')}|`)
})

test('tools speak the C locale', async () => {
  expect(await runner.run(shell('printf %s "$LC_ALL"'), options)).toBe('C')
})

test('a tool that is silent for too long is ended', async () => {
  await expect(runner.run(shell('sleep 60'), { ...options, silenceMs: 200 })).rejects.toMatchObject({
    code: 'no-progress',
    details: { during: 'sh' },
  })
})

test('a tool that keeps talking is not', async () => {
  const talk = 'for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done'
  expect(await runner.run(shell(talk), { ...options, silenceMs: 1000 })).toBe('1\n2\n3\n4\n5\n6\n')
})

test('canceled, the process is gone', async () => {
  await using place = await tempPlace()
  const stop = new AbortController()
  const running = runner.run(shell('echo $$ > "$1"; exec sleep 60', place.file('pid')), {
    ...options,
    signal: stop.signal,
  })
  const outcome = expect(running).rejects.toMatchObject({ code: 'canceled' })
  await expect.poll(() => readFile(place.file('pid'), 'utf8').catch(() => '')).not.toBe('')
  const pid = Number(await readFile(place.file('pid'), 'utf8'))
  stop.abort()
  await outcome
  expect(() => process.kill(pid, 0)).toThrow()
})

test('a tool that says too much is a failure, not a full memory', async () => {
  await expect(runner.run(shell('yes | head -c 40000000'), options)).rejects.toMatchObject({
    code: 'tool-failed',
  })
})

test('a tool that is not there is said to be missing', async () => {
  await expect(runner.run(shell('true'), { path: '/nonexistent/tool' })).rejects.toMatchObject({
    code: 'tool-missing',
  })
})

test('a path that is not absolute is refused', async () => {
  await expect(runner.run(shell('true'), { path: 'sh' })).rejects.toThrow('not an absolute path')
})
