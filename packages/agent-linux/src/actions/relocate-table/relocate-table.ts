import { relocateCommand } from '../../tools/sfdisk/commands.ts'
import { tableSteps } from '../table-steps.ts'

export const relocateTable = tableSteps('relocate-table', {
  build: ({ disk }) => relocateCommand(disk),
  resized: () => undefined,
  outcome: () => ({}),
})
