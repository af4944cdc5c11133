import { folderFacts } from '@varve/agent/platform/folder-facts'
import type { Platform } from '@varve/agent/platform/platform'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import type { ToolRunner } from '@varve/agent/tools/tool-command'
import { macosCapabilities } from './capabilities.ts'
import { platformTools } from '@varve/agent/tools/tool-box'
import { findByLsof } from './find-writers.ts'
import { keepingAwake } from './keep-awake.ts'
import { withMachineUses } from './machines/machine-uses.ts'
import { macMachines, machinePorts } from './machines/read-machines.ts'
import { readFolders, withMachines } from './places/with-machines.ts'
import { macosSystemFacts } from './system-facts.ts'
import { macosTools, toolFolders } from './tools/tool-table.ts'

/** The Mac this process runs on. */
export function macosPlatform({ runner = new ExecaToolRunner() }: { runner?: ToolRunner } = {}) {
  const tools = { table: macosTools, folders: toolFolders, suffixes: [''], runner }
  const readMachines = macMachines(machinePorts(platformTools(tools)))
  return {
    name: 'macos',
    capabilities: macosCapabilities,
    systemFacts: () => macosSystemFacts(runner),
    libraryFacts: folderFacts,
    tools,
    findWriters: withMachineUses(findByLsof(runner), readMachines),
    readPlaces: withMachines(readFolders, readMachines),
    keepAwake: keepingAwake(),
  } satisfies Platform
}
