import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError } from '@varve/core/problems/problem'
import { inspectImage } from '@varve/core/layers/inspect-image'
import { nodePorts } from '@varve/engine/ports'
import type { ImageAddress } from '@varve/operations/actions/image-address'
import type { ReadingFacts } from '@varve/operations/read/plan-reading'
import {
  compareOperation,
  digestOperation,
  mapOperation,
  measureOperation,
  verifyOperation,
} from '@varve/operations/read/read-operations'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'

export const digestHere = defineLocalOperation(digestOperation, async ({ image }, context) =>
  readingFacts([image], context),
)
export const compareHere = defineLocalOperation(compareOperation, async ({ a, b }, context) =>
  readingFacts([a, b], context),
)
export const mapHere = defineLocalOperation(mapOperation, async ({ image }, context) =>
  readingFacts([image], context),
)
export const measureHere = defineLocalOperation(measureOperation, async ({ image }, context) =>
  readingFacts([image], context),
)
export const verifyHere = defineLocalOperation(verifyOperation, async ({ image }, context) =>
  readingFacts([image], context),
)

async function readingFacts(images: readonly ImageAddress[], context: FactsContext): Promise<ReadingFacts> {
  const all = []
  for (const image of images) all.push(await factsOf(image, context))
  return { host: context.host, images: all }
}

async function factsOf(
  { path, format, reading }: ImageAddress,
  { ports, signal }: FactsContext,
): Promise<ReadingFacts['images'][number]> {
  const options = { format, choices: reading, signal, map: false }
  try {
    const report = await inspectImage(path, nodePorts({ roots: ports.roots, io: 'sync' }), options)
    const problems = report.problems.filter(({ severity, asks }) => severity === 'block' || asks === true)
    return { path, dataBytes: report.allocated, problems }
  } catch (error) {
    if (!(error instanceof DiskError) || error.code === 'canceled') throw error
    return { path, dataBytes: null, problems: [problemFromError(error)] }
  }
}
