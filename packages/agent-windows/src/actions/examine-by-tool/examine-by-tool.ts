import { resolve } from 'node:path'
import type { ActionContext, AdapterOf } from '@varve/agent/actions/adapter'
import { examineByTool as examineByProgram } from '@varve/agent/actions/examine-by-tool/examine-by-tool'
import { toolReport } from '@varve/agent/actions/examine-by-tool/tool-report'
import { assertImage } from '@varve/agent/actions/inside-roots'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import type { Fault } from '@varve/core/image/check-report'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { isSamePath, plainPath } from '@varve/engine/files/windows-path'
import { askScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { cmdlet } from '../cmdlets.ts'

type Input = ActionInput<'examine-by-tool'>

/** What `test-vhd.ps1` gives. */
const Told = z.object({
  isSound: z.boolean(),
  links: z.array(z.object({ path: z.string().min(1), size: Bytes, kind: z.string() })),
})
type Told = z.infer<typeof Told>

const silenceMs = 10 * 60_000
/** What Hyper-V says of the image and not of the host, by findings of refusals. */
const ofImage: ReadonlySet<string> = new Set([
  'parent-missing',
  'parent-mismatch',
  'file-attributes',
  'size-unsupported',
  'sector-size-unsupported',
])

const pathOf = ({ image }: Input) => plainPath(resolve(image.path))

/** `Test-VHD`, and `Get-VHD` of its chain; what other tools are asked, they are asked as on every system. */
export function examineByTool({ scripts }: WindowsPorts): AdapterOf<'examine-by-tool'> {
  async function faultsOf(input: Input, { ports, signal }: ActionContext): Promise<readonly Fault[]> {
    await assertImage(ports, input.image.path)
    try {
      const told = await askScript(scripts, {
        script: 'test-vhd',
        schema: Told,
        parameters: { image: pathOf(input) },
        file: input.image.path,
        silenceMs,
        signal,
      })
      return told.isSound ? await otherChain(input, told, { ports, signal }) : [unsound]
    } catch (error) {
      const fault = faultOf(error)
      if (fault === null) throw error
      return [fault]
    }
  }

  return {
    ...examineByProgram,
    command: (input) =>
      input.tool === 'hyper-v'
        ? nativeAction('examine-by-tool', input, cmdlet('Test-VHD', { Path: pathOf(input) }))
        : examineByProgram.command(input),
    async run(input, context) {
      if (input.tool !== 'hyper-v') return await examineByProgram.run(input, context)
      const faults = (await faultsOf(input, context)).map((fault) => ({ kind: 'corruption', fault }) as const)
      return { tool: input.tool, report: toolReport(input.image, { checked: 'Test-VHD', faults }) }
    },
  }
}

const unsound: Fault = {
  id: 'tool-finds-corruption',
  message: 'Hyper-V says that it cannot use it, and not why',
  remedy: 'See what Varve finds in it, and in its parents: varve chain show.',
}

/** What Hyper-V failed with, where that is said of the image. */
function faultOf(error: unknown): Fault | null {
  if (!(error instanceof DiskError)) return null
  const isSaidOfIt =
    isDiskError(error, 'corrupt') ||
    (isDiskError(error, 'refused') && ofImage.has(error.details.finding ?? ''))
  if (!isSaidOfIt) return null
  return { id: 'tool-finds-corruption', message: `Hyper-V: ${error.message}`, remedy: error.remedy }
}

/** Hyper-V may find other parents than Varve: by the absolute path of a locator, where Varve goes by the relative one. */
async function otherChain(
  { image }: Input,
  { links }: Told,
  { ports: { roots }, signal }: Pick<ActionContext, 'ports' | 'signal'>,
): Promise<readonly Fault[]> {
  const { chain } = await inspectInput({ kind: 'image', roots, ...image }, { signal })
  const own = chain.map(({ path }) => plainPath(path))
  const isSame = links.length === own.length && links.every(({ path }, at) => isSamePath(path, own[at] ?? ''))
  if (isSame && links[0]?.size === chain[0]?.virtualSize) return []
  const named = links.map(({ path }) => path).join(', ')
  return [
    {
      id: 'tool-reads-other-chain',
      message: `Hyper-V reads another chain than Varve: ${named}`,
      remedy: 'Let each name one parent: varve chain repoint.',
    },
  ]
}
