/** How `varve help` lists the commands: by the layer that they act on, in this order. */
export const commandGroups = {
  L1: 'L1, image files',
  L2: 'L2, containers: what formats and chains are about',
  L3: 'L3, disks: what the guest sees',
  all: 'All layers',
  fleet: 'Fleet, through a controller',
  runs: 'Runs of operations',
  varve: 'This command',
} as const

export type CommandGroup = keyof typeof commandGroups
