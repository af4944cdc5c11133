import { folderFacts } from '@varve/agent/platform/folder-facts'
import type { Platform } from '@varve/agent/platform/platform'
import type { WindowsHost } from '@varve/agent/platform/windows-host'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import type { ToolRunner } from '@varve/agent/tools/tool-command'
import { windowsActions } from './actions/adapter-table.ts'
import { windowsCapabilities } from './capabilities.ts'
import { wslProgram } from './config.ts'
import { windowsHost } from './host/windows-host.ts'
import { findOpenAndAttached } from './find-writers.ts'
import { openFiles } from '@varve/engine/in-use/windows-open-files'
import { oemCodePage } from './code-page.ts'
import { hostParts } from './powershell/host-parts.ts'
import { ownScripts } from './powershell/own-scripts.ts'
import type { ScriptCaller } from './powershell/powershell-host.ts'
import { readWindowsPlaces } from './places/read-windows-places.ts'
import { windowsSystemFacts } from './system-facts.ts'
import { toolFolders, windowsTools } from './tools/tool-table.ts'

/** The Windows host this process runs on. */
export function windowsPlatform({
  runner = new ExecaToolRunner({ oemCodePage: () => oemCodePage(new ExecaToolRunner()) }),
  scripts = ownScripts,
  windows = windowsHost({ scripts, runner, wsl: wslProgram() }),
}: { runner?: ToolRunner; scripts?: ScriptCaller; windows?: WindowsHost } = {}): Platform {
  return {
    name: 'windows',
    capabilities: windowsCapabilities,
    systemFacts: windowsSystemFacts,
    libraryFacts: folderFacts,
    tools: { table: windowsTools, folders: toolFolders, suffixes: ['.exe'], runner },
    actions: windowsActions({ scripts, windows }),
    findWriters: findOpenAndAttached(windows, openFiles()),
    readPlaces: readWindowsPlaces({ scripts, windows }),
    parts: hostParts(scripts),
    windowsHost: windows,
  }
}
