import { readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ToolBox } from '@varve/agent/actions/adapter'
import type { ReadMacMachines } from '@varve/agent/platform/mac-machines'
import { readFusionMachines } from './fusion.ts'
import type { MachinePorts } from './machine-ports.ts'
import { readParallelsMachines } from './parallels.ts'
import { readUtmMachines } from './utm.ts'

/** The machines of UTM, Parallels Desktop and VMware Fusion on this Mac. */
export function macMachines(ports: MachinePorts): ReadMacMachines {
  return async ({ named = [], signal } = {}) => {
    const wanted = { named, ...(signal && { signal }) }
    const products = [readUtmMachines, readParallelsMachines, readFusionMachines]
    const told = await Promise.all(products.map(async (read) => read(ports, wanted)))
    return {
      machines: told.flatMap(({ machines }) => machines),
      silent: told.flatMap(({ silent }) => silent),
      unread: told.flatMap(({ unread }) => unread),
    }
  }
}

/** Where machines of this Mac are looked for: the person's own folders; those of everybody for root. */
export function machinePorts(tools: ToolBox, { isRoot = process.geteuid?.() === 0 } = {}): MachinePorts {
  return {
    tools,
    homes: async () => (isRoot ? await homesOfAll() : [homedir()]),
    shared: ['/Users/Shared'],
  }
}

async function homesOfAll(): Promise<readonly string[]> {
  const names = await readdir('/Users').catch((): string[] => [])
  return names
    .filter((name) => name !== 'Shared' && !name.startsWith('.'))
    .map((name) => join('/Users', name))
}
