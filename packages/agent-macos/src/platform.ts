import { folderFacts } from '@varve/agent/platform/folder-facts'
import type { MacHost } from '@varve/agent/platform/macos-host'
import type { Platform } from '@varve/agent/platform/platform'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import { platformTools } from '@varve/agent/tools/tool-box'
import type { ToolRunner } from '@varve/agent/tools/tool-command'
import { macosActions } from './actions/adapter-table.ts'
import { macosCapabilities } from './capabilities.ts'
import { findByLsof, findOpenAndAttached } from './find-writers.ts'
import { macHost } from './host/macos-host.ts'
import { keepingAwake } from './keep-awake.ts'
import { withMachineUses } from './machines/machine-uses.ts'
import { macMachines, machinePorts } from './machines/read-machines.ts'
import { readMacPlaces } from './places/read-mac-places.ts'
import { withMachines } from './places/with-machines.ts'
import { macosSystemFacts } from './system-facts.ts'
import { macosTools, toolFolders } from './tools/tool-table.ts'

/** The Mac this process runs on. */
export function macosPlatform({
  runner = new ExecaToolRunner(),
  mac = macHost(platformTools(toolsOf(runner))),
}: { runner?: ToolRunner; mac?: MacHost } = {}) {
  const tools = toolsOf(runner)
  const readMachines = macMachines(machinePorts(platformTools(tools)))
  return {
    name: 'macos',
    capabilities: macosCapabilities,
    systemFacts: () => macosSystemFacts(runner),
    libraryFacts: folderFacts,
    tools,
    actions: macosActions({ mac }),
    findWriters: withMachineUses(findOpenAndAttached(mac, findByLsof(runner)), readMachines),
    readPlaces: withMachines(readMacPlaces, readMachines),
    keepAwake: keepingAwake(),
    macHost: mac,
  } satisfies Platform
}

const toolsOf = (runner: ToolRunner) => ({ table: macosTools, folders: toolFolders, suffixes: [''], runner })
