import { lstat } from 'node:fs/promises'
import { inspectImage } from '@varve/core/layers/inspect-image'
import { renamedIn } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { nodePorts } from '@varve/engine/ports/ports'
import { systemCode, readError } from '@varve/engine/system/system-error'
import { stagedPath } from '@varve/engine/files/staged-name'
import type { UploadFacts } from '@varve/operations/upload/facts'
import { uploadOperation } from '@varve/operations/upload/plan'
import { assertTarget } from '../actions/inside-roots.ts'
import { problemCollector } from './copy-facts.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'

/** Looks at what has arrived, as a file and as an image. */
export const uploadHere = defineLocalOperation(
  uploadOperation,
  async ({ target, id }, context): Promise<UploadFacts> => {
    const { problems, collect } = problemCollector()
    const hidden = stagedPath(target, id)
    const arrived = await collect(async () => {
      await assertTarget(context.ports, target)
      return await sizeOf(hidden)
    })
    const isTaken = (await collect(async () => sizeOf(target))) !== null
    const image = arrived === null ? null : await collect(async () => inspected({ hidden, target }, context))
    return { host: context.host, arrived, isTaken, image, found: image?.found ?? [], problems }
  },
)

async function sizeOf(path: string): Promise<number | null> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null
    throw readError(error, path)
  })
  return found?.size ?? null
}

interface Names {
  readonly hidden: string
  readonly target: string
}

async function inspected({ hidden, target }: Names, { ports, signal }: FactsContext) {
  try {
    const files = nodePorts({ roots: ports.roots, io: 'sync' })
    const report = await inspectImage(hidden, files, { signal, map: false })
    const { format, virtualSize, problems } = report
    const found = problems.map((problem): Problem => named(problem, { hidden, target }))
    return { format, virtualSize, found }
  } catch (error) {
    throw renamedIn(error, hidden, target)
  }
}

/** What is found in the hidden file is said of the name that it is to get. */
function named(problem: Problem, { hidden, target }: Names): Problem {
  return problem.file === hidden ? { ...problem, file: target } : problem
}
