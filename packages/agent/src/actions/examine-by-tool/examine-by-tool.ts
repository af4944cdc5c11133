import { isDiskError, quote } from '@varve/core/problems/disk-error'
import { countOf } from '@varve/core/units/format-bytes'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { writingToolRules } from '@varve/operations/convert/writing-tools'
import { checkCommand } from '../../tools/qemu-img/commands.ts'
import type { CheckOutput } from '../../tools/qemu-img/output.ts'
import type { ToolCommand } from '../../tools/tool-command.ts'
import { checkChain, type ChainFault } from '../../tools/vmware-vdiskmanager/commands.ts'
import type { ActionContext, AdapterOf } from '../adapter.ts'
import { assertImage } from '../inside-roots.ts'
import { noHyperV } from '../no-hyper-v.ts'
import { toolReport } from './tool-report.ts'

type Input = ActionInput<'examine-by-tool'>

/** A tool with its command and what is made of its answer. */
interface Asked<Output> {
  readonly command: ToolCommand<Output>
  readonly faultsOf: (output: Output) => Parameters<typeof toolReport>[1]['faults']
  readonly checked: string
}

function askedOf({ tool, image }: Input): Asked<never> {
  const asked = tool === 'qemu-img' ? ofQemu(image) : tool === 'hyper-v' ? null : ofVmware(image)
  if (asked === null) throw noHyperV(image.path)
  return asked as unknown as Asked<never>
}

/** `qemu-img check`, or `vmware-vdiskmanager -e`; both only read. */
export const examineByTool: AdapterOf<'examine-by-tool'> = {
  tools: ['qemu-img', 'vmware-vdiskmanager'],
  command(input) {
    const { tool, args } = askedOf(input).command
    return { argv: [tool, ...args] }
  },

  async run(input, { ports, signal }) {
    const { tool, image } = input
    await assertImage(ports, image.path)
    const { command, faultsOf, checked } = askedOf(input)
    const { output, said } = await answerOf(command, image.path, { ports, signal })
    if (said !== null) {
      const message = `${writingToolRules[tool].label} cannot check ${quote(image.path)}: ${said}`
      const fault = { id: 'tool-cannot-check', message, remedy: 'See what Varve finds in it.' }
      const faults = [{ kind: 'remark', fault }] as const
      return { tool, report: toolReport(image, { checked, faults, isComplete: false }) }
    }
    return { tool, report: toolReport(image, { checked, faults: faultsOf(output as never) }) }
  },
}

/** What it answers; `said`: why it could not. That it is not there, or was canceled, is an error. */
async function answerOf<Output>(
  command: ToolCommand<Output>,
  file: string,
  { ports, signal }: Pick<ActionContext, 'ports' | 'signal'>,
): Promise<{ readonly output: Output | null; readonly said: string | null }> {
  try {
    return { output: await ports.tools.run(command, { signal, file }), said: null }
  } catch (error) {
    if (isDiskError(error, 'tool-failed')) return { output: null, said: error.details.stderr }
    throw error
  }
}

function ofQemu(image: Input['image']): Asked<CheckOutput> {
  const says = (kind: 'corruption' | 'leak', count: number) => ({
    kind,
    times: count,
    fault: {
      id: kind === 'leak' ? 'tool-finds-leaks' : 'tool-finds-corruption',
      message: `qemu-img finds ${countOf(count, kind)}`,
      remedy:
        kind === 'leak'
          ? 'Give them back: varve check --repair.'
          : 'Convert it, which reads all of its disk, and keep the original; varve check --repair --with qemu-img repairs a copy.',
    },
  })
  return {
    command: checkCommand(image),
    checked: 'qemu-img check',
    faultsOf: ({ corruptions, leaks }) => [
      ...(corruptions > 0 ? [says('corruption', corruptions)] : []),
      ...(leaks > 0 ? [says('leak', leaks)] : []),
    ],
  }
}

function ofVmware({ path }: Input['image']): Asked<ChainFault> {
  return {
    command: checkChain(path),
    checked: 'vmware-vdiskmanager -e',
    faultsOf: (found) => {
      if (found === null) return []
      const message = `vmware-vdiskmanager cannot open it with its parents: ${found.said}`
      const remedy = 'See its parents with varve chain show; varve chain repoint names another one.'
      return [{ kind: 'corruption', fault: { id: 'tool-finds-corruption', message, remedy } }]
    },
  }
}
