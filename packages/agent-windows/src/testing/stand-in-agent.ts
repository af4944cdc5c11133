import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runAgentProcess } from '@varve/agent/agent-process'
import { askSystemBy } from '@varve/agent/platform/find-writers'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import { findPowershell } from '@varve/test-kit/powershell'
import { windowsHost } from '../host/windows-host.ts'
import { windowsPlatform } from '../platform.ts'
import { cmdletTables } from './stand-ins.ts'
import { WindowsStandIn } from './windows-stand-in.ts'

/** The agent of Windows over the Windows of the tests, which is kept in the folder `windows` beside its data. */
const data = process.argv[process.argv.indexOf('--data') + 1] ?? ''
const folder = resolve(join(data, '../windows'))
const [pwsh, tables] = [findPowershell(), cmdletTables()]
if (pwsh === null || tables === null) throw new Error('there is no PowerShell, or no table of cmdlets')
mkdirSync(folder, { recursive: true })
const scripts = await WindowsStandIn.open(folder, { pwsh, tables })
const runner = new ExecaToolRunner()
const copyAccess = async () => Promise.resolve()
const windows = windowsHost({ scripts, runner, wsl: scripts.wsl, copyAccess })

void runAgentProcess(() => {
  const platform = windowsPlatform({ scripts, windows })
  if (platform.findWriters) askSystemBy(platform.findWriters)
  return platform
})
