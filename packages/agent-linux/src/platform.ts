import type { Platform } from '@varve/agent/platform/platform'
import { findWriters } from '@varve/agent/platform/find-writers'
import { folderFacts } from '@varve/agent/platform/folder-facts'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import type { ToolRunner } from '@varve/agent/tools/tool-command'
import { linuxActions } from './actions/adapter-table.ts'
import { linuxCapabilities } from './capabilities.ts'
import { readLinuxPlaces } from './places/read-linux-places.ts'
import { linuxSystemFacts } from './system-facts.ts'
import { linuxTools, toolFolders } from './tools/tool-table.ts'

/** The Linux host this process runs on. */
export function linuxPlatform({ runner = new ExecaToolRunner() }: { runner?: ToolRunner } = {}): Platform {
  return {
    name: 'linux',
    capabilities: linuxCapabilities,
    systemFacts: linuxSystemFacts,
    libraryFacts: folderFacts,
    tools: { table: linuxTools, folders: toolFolders, suffixes: [''], runner },
    actions: linuxActions,
    findWriters,
    readPlaces: readLinuxPlaces,
  }
}
