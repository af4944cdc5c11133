import type { ImageReport } from '@varve/core/image/image-report'
import type { ImageAddress } from '@varve/operations/actions/image-address'
import type { ReadingFacts } from '@varve/operations/read/plan-reading'
import {
  chainShow,
  compareOperation,
  digestOperation,
  doctorOperation,
  infoOperation,
  mapOperation,
  measureOperation,
  placesOperation,
  quarantineOperation,
  reclaimReport,
  runsOperation,
  serveOperation,
  verifyOperation,
} from '@varve/operations/read/read-operations'
import { checkOperation, type CheckFacts } from '@varve/operations/read/plan-check'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import { imageInput } from '../actions/image-input.ts'
import { problemCollector, sourceFacts } from './copy-facts.ts'
import { isToolThere } from './is-tool-there.ts'
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

export const reclaimReportHere = defineLocalOperation(reclaimReport, async ({ image }, context) =>
  readingFacts([image], context),
)

export const serveHere = defineLocalOperation(serveOperation, async ({ image }, context) =>
  readingFacts([image], context),
)
// What is wrong with an image is what these are to tell: it is no reason not to look.
export const infoHere = defineLocalOperation(infoOperation, async (_, context) => readingFacts([], context))
export const checkHere = defineLocalOperation(
  checkOperation,
  async ({ image, by }, context): Promise<CheckFacts> => {
    const facts = await readingFacts([], context)
    if (by === null) return facts
    const { problems, collect } = problemCollector()
    const found = await collect(async () => {
      const { format } = await inspectInput(imageInput(image, context.ports), { signal: context.signal })
      return { isThere: await isToolThere(by, context), format }
    })
    return { ...facts, problems, ...(found && { tool: found }) }
  },
)
export const chainShowHere = defineLocalOperation(chainShow, async (_, context) => readingFacts([], context))
export const doctorHere = defineLocalOperation(doctorOperation, async (_, context) =>
  readingFacts([], context),
)
export const quarantineHere = defineLocalOperation(quarantineOperation, async (_, context) =>
  readingFacts([], context),
)
export const runsHere = defineLocalOperation(runsOperation, async (_, context) => readingFacts([], context))
export const placesHere = defineLocalOperation(placesOperation, async (_, context) =>
  readingFacts([], context),
)

/** What is known of each image; one that cannot be looked at is a reason not to read it. */
async function readingFacts(images: readonly ImageAddress[], context: FactsContext): Promise<ReadingFacts> {
  const { problems, collect } = problemCollector()
  const all: ReadingFacts['images'][number][] = []
  for (const image of images) {
    const facts = await collect(async () => sourceFacts(image, context))
    if (facts) all.push(ofReport(image.path, facts.report))
  }
  return { host: context.host, images: all, problems }
}

function ofReport(path: string, { allocated, problems }: ImageReport): ReadingFacts['images'][number] {
  return {
    path,
    dataBytes: allocated,
    problems: problems.filter(({ severity, asks }) => severity === 'block' || asks === true),
  }
}
