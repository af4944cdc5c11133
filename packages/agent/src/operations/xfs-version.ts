import type { ToolVersion } from '@varve/operations/shrink/tool-version'
import { stdoutText } from '../tools/tool-command.ts'
import type { FactsContext } from './local-operation.ts'

/** What mkfs.xfs says of itself; null: it is not there, or says nothing of that kind. */
export async function xfsVersion({
  ports,
  signal,
}: Pick<FactsContext, 'ports' | 'signal'>): Promise<ToolVersion | null> {
  const tool = 'mkfs.xfs'
  if ((await ports.tools.find(tool)) === null) return null
  return await ports.tools.run(
    {
      tool,
      args: ['-V'],
      parse(output) {
        const [, major, minor] = /(\d{1,4})\.(\d{1,4})/u.exec(stdoutText(output)) ?? []
        return major === undefined || minor === undefined ? null : ([Number(major), Number(minor)] as const)
      },
    },
    { signal },
  )
}
