import { adapterTable } from '@varve/agent/actions/adapter-table'
import type { AdapterTable } from '@varve/agent/actions/adapter'
import type { WindowsDisks } from '@varve/agent/platform/windows-disks'
import type { ScriptCaller } from '../powershell/powershell-host.ts'

/** What the actions of Windows are done by. */
export interface WindowsPorts {
  readonly scripts: ScriptCaller
  readonly disks: WindowsDisks
}

/** What only Windows does, loaded when it is first wanted; a new action is its folder and one line here. */
export function windowsActions(ports: WindowsPorts): AdapterTable {
  return {
    'attach-vhd': async () => (await import('./attach-vhd/attach-vhd.ts')).attachVhd(ports),
    'detach-vhd': async () => (await import('./detach-vhd/detach-vhd.ts')).detachVhd(ports),
    'list-attached': async () => (await import('./list-attached/list-attached.ts')).listAttached(ports),
  }
}

/** Everything that a Windows host does. */
export function windowsAdapters(ports: WindowsPorts): AdapterTable {
  return { ...adapterTable, ...windowsActions(ports) }
}
