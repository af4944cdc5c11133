import { stdoutText, type ToolCommand } from '@varve/agent/tools/tool-command'
import { z } from 'zod'
import { unexpected } from '../unexpected.ts'

const BtrfsBytes = z
  .string()
  .regex(/^\d{1,16}$/u)
  .transform(Number)
  .refine(Number.isSafeInteger)

const Df = z.object({
  'filesystem-df': z.array(z.object({ 'bg-type': z.string(), total: BtrfsBytes, used: BtrfsBytes })),
})
export type SpaceRow = z.infer<typeof Df>['filesystem-df'][number]

/** `btrfs filesystem df`: what is given to data and metadata, and what of it is used. */
export function spaceOf(mountPoint: string): ToolCommand<readonly SpaceRow[]> {
  return {
    tool: 'btrfs',
    args: ['--format', 'json', 'filesystem', 'df', '--raw', '--', mountPoint],
    parse(output) {
      const parsed = Df.safeParse(jsonOf(stdoutText(output)))
      if (parsed.success) return parsed.data['filesystem-df']
      throw unexpected('btrfs', output, 'its answer is not what btrfs filesystem df prints')
    },
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
