import { readFile } from 'node:fs/promises'
import { isDiskError } from '@varve/core/problems/disk-error'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { describeToolRunner } from '../testing/tool-runner-contract.ts'
import { ExecaToolRunner } from './execa-tool-runner.ts'
import { stdoutText, type ToolCommand, type ToolSilence } from './tool-command.ts'

describeToolRunner('execa', () => new ExecaToolRunner({ oemCodePage: async () => 850 }))

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

const silence = (ms: number, more: Partial<ToolSilence> = {}) => ({ silence: { ms, ...more } })

test('a tool that keeps talking is not ended', async () => {
  const talk = shell('for i in $(seq 6); do echo $i; sleep 0.5; done')
  expect(await runner.run({ ...talk, ...silence(2500) }, options)).toBe('1\n2\n3\n4\n5\n6\n')
})

test('a silent tool whose file grows is not ended, and is when it grows no more', async () => {
  await using place = await tempPlace()
  const file = place.file('out')
  const grow = 'for i in $(seq 15); do echo $i >> "$1"; sleep 0.2; done'
  const watched = silence(2000, { files: [file] })
  await runner.run({ ...shell(grow, file), ...watched }, options)
  await expect(
    runner.run({ ...shell(`${grow}; sleep 60`, file), ...watched }, options),
  ).rejects.toMatchObject({ code: 'no-progress' })
})

test.runIf(process.platform === 'linux')('what a child of the tool moves shows that it works', async () => {
  const move = 'for i in $(seq 15); do head -c 1000 /dev/zero > /dev/null; sleep 0.2; done'
  await runner.run({ ...shell(`(${move})`), ...silence(2000, { io: true }) }, options)
  await expect(runner.run({ ...shell(`(${move})`), ...silence(2000) }, options)).rejects.toMatchObject({
    code: 'no-progress',
  })
})

test('ended, all that it has started is gone, in a session of its own too', async () => {
  await using place = await tempPlace()
  const stop = new AbortController()
  const script = 'setsid sleep 60 & echo $! > "$1"; (sleep 60 & echo $! > "$2"; wait) & wait'
  const files = [place.file('session'), place.file('child')]
  const running = runner.run(shell(script, ...files), { ...options, signal: stop.signal })
  const outcome = expect(running).rejects.toMatchObject({ code: 'canceled' })
  const pidOf = async (file: string) => Number(await readFile(file, 'utf8').catch(() => ''))
  for (const file of files) await expect.poll(() => pidOf(file)).toBeGreaterThan(0)
  const pids = await Promise.all(files.map(pidOf))
  stop.abort()
  await outcome
  for (const pid of pids) await expect.poll(() => isRunning(pid)).toBe(false)
})

/** Whether a process runs; one that has ended and is not waited for does not. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  return stat !== '' && stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z'
}

test('an error is given whole, and of a very long one the ends', async () => {
  const noise = shell('echo begin >&2; head -c 200000 /dev/zero | tr "\\0" x >&2; echo end >&2; exit 1')
  const error: unknown = await runner.run(noise, options).catch((reason: unknown) => reason)
  if (!isDiskError(error, 'tool-failed')) throw error
  const { stderr } = error.details
  expect([stderr.slice(0, 5), stderr.slice(-3)]).toEqual(['begin', 'end'])
  expect(stderr.length).toBeLessThan(70_000)
  expect(error.message.length).toBeLessThan(3000)
})

test('a tool that does not read what it is given is no fault', async () => {
  const input = 'x'.repeat(1_000_000)
  expect(await runner.run({ ...shell('echo done'), stdin: input }, options)).toBe('done\n')
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
