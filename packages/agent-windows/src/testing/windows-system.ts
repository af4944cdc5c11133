import type { SystemParts } from '@varve/agent/testing/walk-kills'
import { findPowershell } from '@varve/test-kit/powershell'
import { usualWaits } from '../actions/waits.ts'
import { windowsAdapters } from '../actions/adapter-table.ts'
import { findOpenAndAttached } from '../find-writers.ts'
import { cmdletTables } from './stand-ins.ts'
import { nobodyElse } from './nobody-else.ts'
import { windowsOver } from './windows-over.ts'
import { WindowsStandIn } from './windows-stand-in.ts'

/** The Windows of the tests that keeps what it is in this folder, for walks of kills. */
export async function openSystem(folder: string): Promise<SystemParts & AsyncDisposable> {
  const [pwsh, tables] = [findPowershell(), cmdletTables()]
  if (pwsh === null || tables === null) throw new Error('there is no PowerShell, or no table of cmdlets')
  const windows = await WindowsStandIn.open(folder, { pwsh, tables })
  const own = windowsOver(windows)
  const waits = { ...usualWaits, diskpartMs: 0 }
  return {
    adapters: windowsAdapters({ scripts: windows, windows: own, waits }),
    toolFolders: [windows.tools],
    windowsHost: own,
    findWriters: findOpenAndAttached(own, nobodyElse),
    [Symbol.asyncDispose]: async () => windows[Symbol.asyncDispose](),
  }
}
