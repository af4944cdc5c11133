import type { Command } from 'commander'
import {
  controllerCommands,
  type ControllerCommand,
  type ControllerCommandName,
  type ControllerOption,
} from '@varve/protocol/controller-commands'
import { defineCommand } from '../grammar/command-definition.ts'
import { collect } from '../grammar/options.ts'
import type { ControllerWords } from './controller.ts'

function addOption(command: Command, { name, value, does, isRepeated = false }: ControllerOption): void {
  if (value === null) command.option(`--${name}`, does)
  else if (isRepeated) command.option(`--${name} <${value}>`, does, collect, [])
  else command.option(`--${name} <${value}>`, does)
}

const commands = (Object.keys(controllerCommands) as ControllerCommandName[]).map((name) => {
  const { usage, does, options }: ControllerCommand = controllerCommands[name]
  return defineCommand<ControllerWords>({
    usage,
    does,
    grammar: (command) => {
      for (const option of options) addOption(command, option)
    },
    async run({ args, options: said, context }) {
      const { controllerProgram } = await import('./controller.ts')
      return await controllerProgram(name, { operands: args, options: said }, context)
    },
  })
})

export const controllerCommand = defineCommand({
  usage: 'controller',
  group: 'fleet',
  does: 'back up, restore and tell of what the controller of this machine keeps; without one of these words it is started, see varve controller --help',
  commands,
})
