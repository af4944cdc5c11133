import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runAgentProcess } from '@varve/agent/agent-process'
import { askSystemBy } from '@varve/agent/platform/find-writers'
import { findPowershell } from '@varve/test-kit/powershell'
import { windowsPlatform } from '../platform.ts'
import { cmdletTables } from './stand-ins.ts'
import { windowsOver } from './windows-over.ts'
import { WindowsStandIn } from './windows-stand-in.ts'

/** The agent of Windows over the Windows of the tests, which is kept in the folder `windows` beside its data. */
const data = process.argv[process.argv.indexOf('--data') + 1] ?? ''
const folder = resolve(join(data, '../windows'))
const [pwsh, tables] = [findPowershell(), cmdletTables()]
if (pwsh === null || tables === null) throw new Error('there is no PowerShell, or no table of cmdlets')
mkdirSync(folder, { recursive: true })
const scripts = await WindowsStandIn.open(folder, { pwsh, tables })
const windows = windowsOver(scripts)

void runAgentProcess(() => {
  const platform = windowsPlatform({ scripts, windows })
  if (platform.findWriters) askSystemBy(platform.findWriters)
  return platform
})
