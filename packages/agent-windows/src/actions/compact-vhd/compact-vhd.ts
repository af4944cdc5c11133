import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertImage } from '@varve/agent/actions/inside-roots'
import { readError } from '@varve/engine/system/system-error'
import { assertNoUse } from '@varve/engine/in-use/find-uses'
import type { ActionInput } from '@varve/operations/actions/action-table'
import type { WeighedGain } from '@varve/operations/actions/weigh-reclaimed'
import { nativeAction } from '@varve/operations/plans/shown'
import { plainPath } from '../../host/windows-path.ts'
import { callScript } from '../../powershell/ask-script.ts'
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

/** `Optimize-VHD`; what it did is read from the file. Done again, it finishes what was begun. */
export function compactVhd({ scripts, windows }: WindowsPorts): AdapterOf<'compact-vhd'> {
  return {
    tools: [],
    command: (input) => nativeAction('compact-vhd', input, optimizeCmdlet(input)),

    async run(input, context) {
      const { ports, signal } = context
      await assertImage(ports, input.image)
      const image = plainPath(resolve(input.image))
      if (input.gives === 'free') await ownDisk(image, { windows, ports, isReadOnly: true })
      else await assertNoUse([{ path: image }], { purpose: 'change', find: ports.findWriters })
      const before = await weightOf(image)
      await callScript(scripts, {
        script: 'optimize-image',
        parameters: { image, mode: modes[input.gives] },
        about: image,
        signal,
        silenceMs,
      })
      const after = await weightOf(image)
      return { before, after, layers: weighed(input, { before, after }) }
    },
  }
}

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
