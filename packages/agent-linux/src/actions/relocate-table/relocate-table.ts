import { relocateCommand } from '../../tools/sfdisk/commands.ts'
import { toolSteps } from '../tool-steps.ts'

export const relocateTable = toolSteps('relocate-table', {
  build: ({ disk }) => [relocateCommand(disk)],
  about: ({ name }) => name,
  worksOn: ({ disk }) => ({ file: disk }),
  outcome: () => ({}),
})
