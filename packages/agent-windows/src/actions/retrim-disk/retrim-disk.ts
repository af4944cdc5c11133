import { resolve } from 'node:path'
import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertImage } from '@varve/agent/actions/inside-roots'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { retrimDisk as action } from '@varve/operations/actions/retrim-disk'
import { nativeAction, powershellWord } from '@varve/operations/plans/shown'
import { plainPath } from '@varve/engine/files/windows-path'
import { askScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { ownDisk } from '../own-disk.ts'

/** Hours, where there is much to discard and the storage below is slow. */
const silenceMs = 6 * 3_600_000

/** What `retrim-disk.ps1` does with each volume that can be trimmed, as one line. */
export function retrimCmdlets({ image }: ActionInput<'retrim-disk'>): string {
  return `Get-Disk | Where-Object Location -eq ${powershellWord(image)} | Get-Partition | Get-Volume | Optimize-Volume -ReTrim`
}

/** `Optimize-Volume -ReTrim` of the volumes of a disk that Varve has attached. Done again, it finds nothing more. */
export function retrimDisk({ scripts, windows }: WindowsPorts): AdapterOf<'retrim-disk'> {
  return {
    tools: [],
    command: (input) => nativeAction('retrim-disk', input, retrimCmdlets(input)),

    async run({ image: asked }, { ports, signal }) {
      await assertImage(ports, asked)
      const image = plainPath(resolve(asked))
      await ownDisk(image, { windows, ports, isReadOnly: false })
      return await askScript(scripts, {
        script: 'retrim-disk',
        schema: action.outcome,
        parameters: { image },
        file: image,
        signal,
        silenceMs,
      })
    },
  }
}
