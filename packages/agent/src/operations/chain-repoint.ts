import { isDiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { assertUnused } from '@varve/engine/images/edit-file'
import { withRepoint } from '@varve/engine/repoint/plan-repoint'
import type { ChainRepointFacts } from '@varve/operations/chain-repoint/facts'
import { chainRepoint } from '@varve/operations/chain-repoint/plan'
import { isToolThere } from './is-tool-there.ts'
import { defineLocalOperation } from './local-operation.ts'

/** Works out what would be written, without writing it. */
export const chainRepointHere = defineLocalOperation(
  chainRepoint,
  async ({ image, parent, parentFormat, by }, context): Promise<ChainRepointFacts> => {
    const { host, ports } = context
    const { roots } = ports
    const asked = by === 'varve' ? {} : { hasHyperV: await isToolThere(by, context) }
    try {
      return await withRepoint({ image, parent, parentFormat, roots }, async (planned) => ({
        host,
        ...asked,
        problems: await usedProblems(planned.file.path),
        repoint: {
          image: { path: planned.file.path, format: planned.format, virtualSize: planned.virtualSize },
          parent: planned.parent,
          old: planned.old,
          says: planned.says,
          bytes: planned.writes.reduce((sum, { bytes }) => sum + bytes.length, 0),
        },
      }))
    } catch (error) {
      if (!isDiskError(error)) throw error
      return { host, ...asked, problems: [problemFromError(error)], repoint: null }
    }
  },
)

/** That somebody has the file open, who must not see it change. */
export async function usedProblems(path: string): Promise<Problem[]> {
  try {
    await assertUnused(path)
    return []
  } catch (error) {
    if (isDiskError(error, 'in-use')) return [problemFromError(error)]
    throw error
  }
}
