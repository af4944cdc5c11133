import { resolve } from 'node:path'
import type { ActionContext, AdapterOf } from '@varve/agent/actions/adapter'
import { assertImage, assertTarget } from '@varve/agent/actions/inside-roots'
import { writtenPlace } from '@varve/agent/actions/write-by-tool/build-command'
import { discardWritten, prepareFolder, takeWritten } from '@varve/agent/actions/write-by-tool/take-written'
import { writeByTool as writeByProgram } from '@varve/agent/actions/write-by-tool/write-by-tool'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { kindWritten } from '@varve/operations/convert/writing-tools'
import { nativeAction } from '@varve/operations/plans/shown'
import { plainPath } from '@varve/engine/files/windows-path'
import { callScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { cmdlet } from '../cmdlets.ts'

type Input = ActionInput<'write-by-tool'>

/** Slower than this, nothing works any more: `Convert-VHD` says nothing until its end. */
const leastBytesPerMs = 10 * 1024
const leastMs = 10 * 60_000

function parametersOf({ source, image }: Input) {
  return {
    source: plainPath(resolve(source.path)),
    target: plainPath(resolve(writtenPlace(image).path)),
    kind: kindWritten(image.format, image.subformat) === 'fixed' ? 'Fixed' : 'Dynamic',
  }
}

/** The cmdlet that `convert-vhd.ps1` runs. */
function convertCmdlet(input: Input): string {
  const { source, target, kind } = parametersOf(input)
  return cmdlet('Convert-VHD', { Path: source, DestinationPath: target, VHDType: kind })
}

/** `Convert-VHD`; what other tools write, they write as on every system. */
export function writeByTool({ scripts }: WindowsPorts): AdapterOf<'write-by-tool'> {
  async function convert(input: Input, context: ActionContext) {
    const { source, image } = input
    const { ports, signal } = context
    await assertImage(ports, source.path)
    await assertTarget(ports, image.target)
    const read = { kind: 'image', roots: ports.roots, ...source } as const
    const { virtualSize } = await inspectInput(read, { signal })
    await prepareFolder(input)
    try {
      await callScript(scripts, {
        script: 'convert-vhd',
        parameters: parametersOf(input),
        about: source.path,
        silenceMs: leastMs + Math.ceil((virtualSize ?? 0) / leastBytesPerMs),
        signal,
      })
      return { ...(await takeWritten(input, context)), media: [] }
    } catch (error) {
      // What Windows still has open is discarded when the run is undone.
      await discardWritten(input).catch(() => {})
      throw error
    }
  }

  return {
    ...writeByProgram,
    command: (input) =>
      input.tool === 'hyper-v'
        ? nativeAction('write-by-tool', input, convertCmdlet(input))
        : writeByProgram.command(input),
    run: async (input, context) =>
      input.tool === 'hyper-v' ? await convert(input, context) : await writeByProgram.run(input, context),
  }
}
