import { expect, test } from 'vitest'
import { exitCodes } from './exit-codes.ts'
import { buildProgram } from './grammar/build-program.ts'
import { allCommands, modelOf } from './grammar/model.ts'
import { commandTable } from './commands/command-table.ts'
import { varveHere } from './testing/varve-here.ts'

const commands = allCommands(modelOf(buildProgram(commandTable, '0', async () => {}))).map(({ path }) => path)

test.each(commands.map((path) => [path.join(' '), path] as const))(
  'varve help %s is what the command says with --help',
  async (_name, path) => {
    const help = await varveHere('help', ...path)
    expect(help).toMatchObject({ exitCode: exitCodes.ok, stderr: '' })
    expect(help.stdout).toContain(['Usage: varve', ...path].join(' '))
    expect(await varveHere(...path, '--help')).toEqual(help)
  },
)

test.each([
  ['chain rebas', 'Did you mean chain rebase?'],
  ['chian rebase', 'Did you mean chain rebase?'],
  ['cnvert', 'Did you mean convert?'],
  ['convert more', 'There is no command "convert more".'],
  ['qqqqqqqq', 'varve help lists all.'],
])('varve help %s is wrong use, which names what was meant', async (words, said) => {
  for (const command of ['help', 'man']) {
    const { exitCode, stderr, stdout } = await varveHere(command, ...words.split(' '), '--json')
    expect([exitCode, stderr]).toEqual([exitCodes.usage, expect.stringContaining(said)])
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'usage', message: expect.stringContaining(said) as string },
    })
  }
})

test('varve help --json is one document', async () => {
  const { stdout } = await varveHere('help', 'chain', 'rebase', '--json')
  expect(JSON.parse(stdout)).toEqual({
    command: ['chain', 'rebase'],
    help: expect.stringContaining('Usage: varve chain rebase') as string,
  })
})
