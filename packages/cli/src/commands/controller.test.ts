import { controllerCommands, type ControllerCommandName } from '@varve/protocol/controller-commands'
import { expect, test } from 'vitest'
import { buildProgram } from '../grammar/build-program.ts'
import { controllerCommand } from './controller.command.ts'
import { wordsOf, type ControllerWords } from './controller.ts'

/** The options of a command as the grammar reads them. */
async function optionsOf(name: ControllerCommandName, words: readonly string[]): Promise<ControllerWords> {
  const program = buildProgram([controllerCommand], '0', async () => {})
  await program.parseAsync(['node', 'varve', 'controller', name, ...words])
  const command = program.commands[0]?.commands.find((one) => one.name() === name)
  return command?.optsWithGlobals() ?? {}
}

test.each(Object.keys(controllerCommands) as ControllerCommandName[])(
  'what is said to %s reaches the program of the controller as it was said',
  async (name) => {
    const all = controllerCommands[name].options.map(({ name: option, value }) =>
      value === null ? `--${option}` : `--${option}=a ${option} = --b`,
    )
    const operands = controllerCommands[name].usage.includes('<') ? ['kept.varve'] : []
    expect(wordsOf(name, await optionsOf(name, [...all, ...operands]))).toEqual(all)
    expect(wordsOf(name, await optionsOf(name, operands))).toEqual([])
    expect(wordsOf(name, await optionsOf(name, [...operands, '--json']))).toEqual(['--json'])
  },
)

test('each of several recipients is handed on', async () => {
  const words = ['--recipient=age1a', '--recipient=age1b']
  expect(wordsOf('backup', await optionsOf('backup', words))).toEqual(words)
})
