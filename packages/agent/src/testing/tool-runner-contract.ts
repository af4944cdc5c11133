import { describe, expect, test } from 'vitest'
import {
  stderrText,
  stdoutText,
  type ToolCommand,
  type ToolProgress,
  type ToolRunner,
} from '../tools/tool-command.ts'
import type { ScriptedAnswer } from './scripted-tool-runner.ts'

const say = (script: string, more: Partial<ToolCommand<string>> = {}): ToolCommand<string> => ({
  tool: 'sh',
  args: ['-c', script],
  parse: stdoutText,
  ...more,
})

const commands = {
  hello: say('printf hello'),
  broken: say('echo broken >&2; exit 4'),
  differs: say('printf differs; exit 1', { expected: [0, 1] }),
  both: say('printf out; printf err >&2', {
    parse: (output) => `${stdoutText(output)}/${stderrText(output)}`,
  }),
  exitCode: say('exit 3', { expected: [3], parse: ({ exitCode }) => String(exitCode) }),
  stdin: say('tr a-z A-Z', { stdin: 'disk\n' }),
  noStdin: say('cat'),
  wideStdin: say('od -An -tx1 | tr -d " \\n"', { stdin: 'ä', encoding: 'utf-16le', parse: asciiOf }),
  environment: say('printf %s "$VARVE_TEST"', { env: { VARVE_TEST: 'a b' } }),
  wide: say(String.raw`printf 'V\000\344\000'`, { encoding: 'utf-16le' }),
  console: say(String.raw`printf 'Gr\224\341e'`, { encoding: 'oem' }),
  progress: say(String.raw`printf '(10/100%%)\r(55'; printf '/100%%)\r' ; echo '(100/100%)' >&2`, {
    progress({ stream, text }) {
      const percent = /\((\d+)\/100%\)/u.exec(text)?.[1]
      return percent === undefined ? null : { fraction: Number(percent) / 100, note: stream }
    },
  }),
  silent: say('sleep 60', { silence: { ms: 200 } }),
} as const

const argsOf = (command: ToolCommand<string>) => ({ tool: command.tool, args: command.args })

/** What the commands of this contract answer; a scripted runner is given these, a real one runs them. */
export const contractAnswers: readonly ScriptedAnswer[] = [
  { ...argsOf(commands.hello), stdout: 'hello' },
  { ...argsOf(commands.broken), stderr: 'broken\n', exitCode: 4 },
  { ...argsOf(commands.differs), stdout: 'differs', exitCode: 1 },
  { ...argsOf(commands.both), stdout: 'out', stderr: 'err' },
  { ...argsOf(commands.exitCode), exitCode: 3 },
  { ...argsOf(commands.stdin), stdin: 'disk\n', stdout: 'DISK\n' },
  { ...argsOf(commands.noStdin) },
  { ...argsOf(commands.wideStdin), stdin: 'ä', stdout: new TextEncoder().encode('e400') },
  { ...argsOf(commands.environment), env: { VARVE_TEST: 'a b' }, stdout: 'a b' },
  { ...argsOf(commands.wide), stdout: 'Vä' },
  { ...argsOf(commands.console), stdout: Uint8Array.of(0x47, 0x72, 0x94, 0xe1, 0x65) },
  { ...argsOf(commands.progress), stdout: '(10/100%)\r(55/100%)\r', stderr: '(100/100%)\n' },
  { ...argsOf(commands.silent), isSilent: true },
]

/** What every runner of tools promises. Its console has code page 850. */
export function describeToolRunner(name: string, make: () => ToolRunner): void {
  const options = { path: '/bin/sh', file: 'web01.vmdk' }
  describe(`ToolRunner: ${name}`, () => {
    test('gives what the command makes of the output', async () => {
      expect(await make().run(commands.hello, options)).toBe('hello')
    })

    test('an exit code that is no answer is a coded error with what the tool said', async () => {
      await expect(make().run(commands.broken, options)).rejects.toMatchObject({
        code: 'tool-failed',
        file: 'web01.vmdk',
        details: { tool: 'sh', exitCode: 4, stderr: expect.stringContaining('broken') },
      })
    })

    test.each([
      ['an exit code that is an answer is one', 'differs', 'differs'],
      ['both streams and the exit code are given', 'both', 'out/err'],
      ['the exit code is given', 'exitCode', '3'],
      ['standard input arrives', 'stdin', 'DISK\n'],
      ['without any, standard input is empty', 'noStdin', ''],
      ['standard input arrives in the encoding of the command', 'wideStdin', 'e400'],
      ['the environment has what the command adds', 'environment', 'a b'],
      ['UTF-16 is read', 'wide', 'Vä'],
      ["the console's code page is read", 'console', 'Größe'],
    ] as const)('%s', async (_, command, said) => {
      expect(await make().run(commands[command], options)).toBe(said)
    })

    test('lines of either stream tell progress, whatever ends them', async () => {
      const told: ToolProgress[] = []
      const onProgress = (progress: ToolProgress) => told.push(progress)
      await make().run(commands.progress, { ...options, onProgress })
      const of = (stream: string) =>
        told.filter(({ note }) => note === stream).map(({ fraction }) => fraction)
      expect([of('stdout'), of('stderr')]).toEqual([[0.1, 0.55], [1]])
    })

    test('silent for longer than the command may be, it is ended', async () => {
      await expect(make().run(commands.silent, options)).rejects.toMatchObject({
        code: 'no-progress',
        details: { during: 'sh', seconds: 0.2 },
      })
    })

    test('canceled before it began, it does not run', async () => {
      const signal = AbortSignal.abort()
      await expect(make().run(commands.hello, { ...options, signal })).rejects.toMatchObject({
        code: 'canceled',
      })
    })
  })
}

function asciiOf({ stdout }: { readonly stdout: Uint8Array }): string {
  return Buffer.from(stdout).toString('latin1')
}
