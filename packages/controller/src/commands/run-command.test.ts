import { PassThrough } from 'node:stream'
import { readdir, writeFile } from 'node:fs/promises'
import { controllerCommands, type ControllerCommandName } from '@varve/protocol/controller-commands'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { keepingEnvironment } from '../config.ts'
import { askPassphrase, type Terminal } from './ask-passphrase.ts'
import { runCommand } from './run-command.ts'

async function said(name: ControllerCommandName, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const printed: string[] = []
  const remarks: string[] = []
  const exitCode = await runCommand(name, args, {
    environment: keepingEnvironment(env),
    terminal: null,
    signal: new AbortController().signal,
    print: (text) => void printed.push(text),
    remark: (text) => void remarks.push(text),
  })
  return { exitCode, out: printed.join('\n'), err: remarks.join('\n') }
}

const env = { VARVE_BACKUP_PASSPHRASE: 'four words that nobody guesses' }

test.each([
  ['backup', ['--data', 'x'], env, '--to FILE'],
  ['backup', ['--to', 'x'], {}, 'no terminal to ask'],
  ['backup', ['more', '--to', 'x'], env, 'takes no "more"'],
  ['backup', ['--to', 'x', '--recipient', 'age1x', '--passphrase-file', 'x'], {}, 'say one of both'],
  ['backup', ['--to', 'x', '--passphrase-file', '/nowhere/at/all'], {}, 'cannot be read'],
  ['backup', ['--to', 'x'], { VARVE_BACKUP_PASSPHRASE: 'too short' }, 'fewer than 10 characters'],
  ['backup', ['--to', 'x', '--passphrase', 'four words that nobody guesses'], {}, '--passphrase'],
  ['restore', [], env, 'Say varve controller restore <file>'],
  ['restore', ['a', 'b'], env, 'Say varve controller restore <file>'],
  ['restore', ['a', '--identity-file', '/nowhere/at/all'], {}, 'cannot be read'],
  ['restore', ['a', '--identity-file', 'x', '--passphrase-file', 'x'], {}, 'say one of both'],
] as const)('%s %j is wrong use, which is said', async (name, args, environment, reason) => {
  const plain = await said(name, args, environment)
  expect(plain).toMatchObject({ exitCode: 2, out: '', err: expect.stringContaining(reason) as string })
  const { exitCode, out } = await said(name, [...args, '--json'], environment)
  expect([exitCode, JSON.parse(out)]).toMatchObject([2, { error: { code: 'usage' } }])
})

test.each(Object.keys(controllerCommands) as ControllerCommandName[])(
  'the help of %s has its options',
  async (name) => {
    const { exitCode, out } = await said(name, ['--help'])
    expect(exitCode).toBe(0)
    for (const option of controllerCommands[name].options) {
      expect(out).toContain(`--${option.name}`)
      expect(out).toContain(option.does)
    }
  },
)

test('what goes wrong is said with its remedy, and is never the passphrase', async () => {
  await using place = await tempPlace()
  await writeFile(place.file('passphrase'), `${env.VARVE_BACKUP_PASSPHRASE}\r\nmore\n`)
  const args = [
    '--data',
    place.file('none'),
    '--to',
    place.file('kept'),
    '--passphrase-file',
    place.file('passphrase'),
  ]
  const plain = await said('backup', args)
  expect(plain).toMatchObject({ exitCode: 4, out: '' })
  expect(plain.err).toMatch(/^varve controller: L1 ".*none": it cannot be read: .*\n {2}Give the user/u)
  const { exitCode, out } = await said(
    'restore',
    [place.file('none'), '--data', place.file('data'), '--json'],
    env,
  )
  expect([exitCode, JSON.parse(out)]).toMatchObject([4, { error: { code: 'not-found' } }])
  await writeFile(place.file('kept'), '')
  expect(JSON.stringify([plain, out])).not.toContain(env.VARVE_BACKUP_PASSPHRASE)
  expect((await readdir(place.path)).sort()).toEqual(['kept', 'passphrase'])
  await writeFile(place.file('no-key'), 'hello\n')
  const noKey = await said('restore', [place.file('kept'), '--identity-file', place.file('no-key')])
  expect(noKey).toMatchObject({
    exitCode: 4,
    err: expect.stringContaining('no private key of age') as string,
  })
})

/** A terminal at which `typed` is typed, line by line, as questions are asked. */
function terminalOf(typed: readonly string[]) {
  const input = new PassThrough()
  const modes: boolean[] = []
  const lines = [...typed]
  let shown = ''
  const output = {
    write(text: string) {
      shown += text
      if (text.endsWith(': ')) setImmediate(() => input.write(lines.shift() ?? ''))
      return true
    },
  }
  const terminal = {
    input: Object.assign(input, { setRawMode: (mode: boolean) => void modes.push(mode) }),
    output,
  } as unknown as Terminal
  return { terminal, modes, shown: () => shown }
}

test('a passphrase that is asked for is not shown, and a new one is asked for twice', async () => {
  const once = terminalOf(['geheim\u007F\u007Fim\r'])
  expect(await askPassphrase(once.terminal, { twice: false })).toBe('geheim')
  expect([once.modes, once.shown()]).toEqual([[true, false], 'Passphrase: \n'])
  const twice = terminalOf(['one two 🦔x\b\n', 'one two 🦔\n'])
  expect(await askPassphrase(twice.terminal, { twice: true })).toBe('one two 🦔')
  const other = terminalOf(['one\r', 'two\r'])
  await expect(askPassphrase(other.terminal, { twice: true })).rejects.toThrow('the two are not the same')
  const stopped = terminalOf(['on\u0003'])
  await expect(askPassphrase(stopped.terminal, { twice: true })).rejects.toMatchObject({ code: 'canceled' })
  expect(stopped.modes).toEqual([true, false])
})
