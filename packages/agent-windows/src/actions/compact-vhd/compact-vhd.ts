import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ActionContext, AdapterOf } from '@varve/agent/actions/adapter'
import { assertImage } from '@varve/agent/actions/inside-roots'
import type { ToolProgress } from '@varve/agent/tools/tool-command'
import { readError } from '@varve/engine/system/system-error'
import { assertNoUse } from '@varve/engine/in-use/find-uses'
import type { ActionInput } from '@varve/operations/actions/action-table'
import type { WeighedGain } from '@varve/operations/actions/weigh-reclaimed'
import { nativeAction } from '@varve/operations/plans/shown'
import { plainPath } from '@varve/engine/files/windows-path'
import { callScript } from '../../powershell/ask-script.ts'
import { diskpartProblem, type DiskpartSaid } from '../../tools/diskpart/output.ts'
import { runDiskpart } from '../../tools/diskpart/run-script.ts'
import { compactLine, selectLine, shownScript } from '../../tools/diskpart/script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { cmdlet } from '../cmdlets.ts'
import { ownDisk } from '../own-disk.ts'

type Input = ActionInput<'compact-vhd'>

/** It reads the whole file, and says nothing meanwhile. */
const silenceMs = 24 * 3_600_000

/** Without being attached it would take `Full` for `Prezeroed` (Optimize-VHD, example 1). */
const modes = { free: 'Full', zeros: 'Prezeroed' } as const

/** The cmdlet that `optimize-image.ps1` runs. */
export function optimizeCmdlet({ image, gives }: Input): string {
  return cmdlet('Optimize-VHD', { Path: image, Mode: modes[gives] })
}

/** `Optimize-VHD`, or `compact vdisk` of diskpart; what it did is read from the file. Done again, it finishes what was begun. */
export function compactVhd({ scripts, windows }: WindowsPorts): AdapterOf<'compact-vhd'> {
  return {
    tools: [],
    command(input) {
      if (input.by === 'hyper-v') return nativeAction('compact-vhd', input, optimizeCmdlet(input))
      return nativeAction('compact-vhd', input, shownScript(compactLines(input.image)))
    },

    async run(input, context) {
      const { ports } = context
      await assertImage(ports, input.image)
      const image = plainPath(resolve(input.image))
      if (input.gives === 'free') await ownDisk(image, { windows, ports, isReadOnly: true })
      else await assertNoUse([{ path: image }], { purpose: 'change', find: ports.findWriters })
      const before = await weightOf(image)
      const said = await compact({ ...input, image }, context)
      const after = await weightOf(image)
      // Its exit tells little, and a shorter file all.
      if (said && said.exitCode !== 0 && after.file >= before.file) throw diskpartProblem(image, said)
      return { before, after, layers: weighed(input, { before, after }) }
    },
  }

  async function compact(
    { image, by, gives }: Input,
    { ports, signal, onProgress }: ActionContext,
  ): Promise<DiskpartSaid | null> {
    if (by === 'diskpart') {
      const script = { image, lines: compactLines(image) }
      const progressed = (progress: ToolProgress) => onProgress({ of: 'tool', progress })
      return await runDiskpart(script, { tools: ports.tools, signal, silenceMs, onProgress: progressed })
    }
    const parameters = { image, mode: modes[gives] }
    await callScript(scripts, { script: 'optimize-image', parameters, about: image, signal, silenceMs })
    return null
  }
}

/** Of what is attached read-only, or not at all (`compact vdisk`). */
const compactLines = (image: string) => [selectLine(image), compactLine]

interface Weight {
  readonly file: number
  readonly host: number | null
}

async function weightOf(image: string): Promise<Weight> {
  const { size, blocks } = await stat(image).catch((error: unknown) => {
    throw readError(error, image)
  })
  return { file: size, host: blocks * 512 }
}

/** What the file, and what it takes on the host, were to give back and gave. */
function weighed(
  { predicted }: Input,
  { before, after }: { readonly before: Weight; readonly after: Weight },
): WeighedGain[] {
  return predicted.flatMap(({ layer, kind, bytes }): WeighedGain[] => {
    if (kind === 'container')
      return [{ layer, kind, predicted: bytes, actual: Math.max(0, before.file - after.file) }]
    if (kind !== 'host') return []
    const actual = before.host === null || after.host === null ? null : Math.max(0, before.host - after.host)
    return [{ layer, kind, predicted: bytes, actual }]
  })
}
