import { adapterTable } from '@varve/agent/actions/adapter-table'
import type { AdapterTable } from '@varve/agent/actions/adapter'
import type { WindowsHost } from '@varve/agent/platform/windows-host'
import type { Waits } from './waits.ts'
import type { ScriptCaller } from '../powershell/powershell-host.ts'

/** What the actions of Windows are done by. */
export interface WindowsPorts {
  readonly scripts: ScriptCaller
  readonly windows: WindowsHost
  /** Tests wait less. */
  readonly waits?: Waits
}

/** What only Windows does, loaded when it is first wanted; a new action is its folder and one line here. */
export function windowsActions(ports: WindowsPorts): AdapterTable {
  return {
    'attach-vhd': async () => (await import('./attach-vhd/attach-vhd.ts')).attachVhd(ports),
    'apply-checkpoint': async () =>
      (await import('./checkpoints/apply-checkpoint.ts')).applyCheckpoint(ports),
    'bring-online': async () => (await import('./bring-online/bring-online.ts')).bringOnline(ports),
    'compact-vhd': async () => (await import('./compact-vhd/compact-vhd.ts')).compactVhd(ports),
    'create-checkpoint': async () =>
      (await import('./checkpoints/create-checkpoint.ts')).createCheckpoint(ports),
    'delete-checkpoint': async () =>
      (await import('./checkpoints/delete-checkpoint.ts')).deleteCheckpoint(ports),
    'detach-vhd': async () => (await import('./detach-vhd/detach-vhd.ts')).detachVhd(ports),
    'set-checkpoint-kind': async () =>
      (await import('./checkpoints/set-checkpoint-kind.ts')).setCheckpointKind(ports),
    'digest-volume': async () => (await import('./digest-volume/digest-volume.ts')).digestVolume(ports),
    'measure-partition': async () =>
      (await import('./measure-partition/measure-partition.ts')).measurePartition(ports),
    'resize-by-storage': async () =>
      (await import('./resize-by-storage/resize-by-storage.ts')).resizeByStorage(ports),
    'retrim-disk': async () => (await import('./retrim-disk/retrim-disk.ts')).retrimDisk(ports),
    'mount-partition': async () =>
      (await import('./mount-partition/mount-partition.ts')).mountPartition(ports),
    'resize-distribution': async () =>
      (await import('./resize-distribution/resize-distribution.ts')).resizeDistribution(),
    'resize-vhd': async () => (await import('./resize-vhd/resize-vhd.ts')).resizeVhd(ports),
    'scan-volume': async () => (await import('./scan-volume/scan-volume.ts')).scanVolume(ports),
    'discard-export': async () =>
      (await import('./export-distribution/export-distribution.ts')).discardExport(),
    'export-distribution': async () =>
      (await import('./export-distribution/export-distribution.ts')).exportDistribution(ports),
    'import-distribution': async () =>
      (await import('./import-distribution/import-distribution.ts')).importDistribution(ports),
    'unregister-distribution': async () =>
      (await import('./import-distribution/import-distribution.ts')).unregisterDistribution(ports),
    'move-distribution': async () =>
      (await import('./move-distribution/move-distribution.ts')).moveDistribution(ports),
    'set-sparse': async () => (await import('./set-sparse/set-sparse.ts')).setSparse(ports),
    'stop-distribution': async () =>
      (await import('./stop-distribution/stop-distribution.ts')).stopDistribution(ports),
    'trim-distribution': async () =>
      (await import('./trim-distribution/trim-distribution.ts')).trimDistribution(ports),
    'list-attached': async () => (await import('./list-attached/list-attached.ts')).listAttached(ports),
    'unmount-partition': async () =>
      (await import('./unmount-partition/unmount-partition.ts')).unmountPartition(ports),
    'examine-by-tool': async () =>
      (await import('./examine-by-tool/examine-by-tool.ts')).examineByTool(ports),
    'set-parent': async () => (await import('./set-parent/set-parent.ts')).setParent(ports),
    'write-by-tool': async () => (await import('./write-by-tool/write-by-tool.ts')).writeByTool(ports),
  }
}

/** Everything that a Windows host does. */
export function windowsAdapters(ports: WindowsPorts): AdapterTable {
  return { ...adapterTable, ...windowsActions(ports) }
}
