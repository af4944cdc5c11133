import { DiskError } from '@varve/core/problems/disk-error'
import type { FormatName } from '@varve/core/image/format-rules'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { z } from 'zod'
import { examineByTool } from '../actions/examine-by-tool.ts'
import { InUse } from '../actions/digest-image.ts'
import { examineImage } from '../actions/examine-image.ts'
import { ImageAddress } from '../actions/image-address.ts'
import { baseName } from '../actions/path-words.ts'
import { writingToolRules } from '../convert/writing-tools.ts'
import { defineOperation } from '../operation.ts'
import { step, type Plan, type Refusal } from '../plans/plan.ts'
import { examinedFormats, examiningTools, type ExaminingTool } from './examining-tools.ts'
import { planReading, type ReadingFacts } from './plan-reading.ts'

export const CheckRequest = z.lazy(() =>
  z.object({
    image: ImageAddress,
    inUse: InUse,
    /** Who is asked besides Varve. */
    by: z.enum(examiningTools).nullable().default(null),
  }),
)
export type CheckRequest = z.infer<typeof CheckRequest>

export interface CheckFacts extends ReadingFacts {
  /** Of the tool that is asked too; left out: none is. */
  readonly tool?: { readonly isThere: boolean; readonly format: FormatName }
}

/** Whether the tables of an image contradict each other, as Varve finds and, where that is wished, as a tool does. */
export const checkOperation = defineOperation<CheckRequest, CheckFacts>({
  name: 'check',
  request: CheckRequest,
  paths: ['image.path'],
  plan: planCheck,
})

function planCheck({ image, inUse, by }: CheckRequest, facts: CheckFacts): Plan | Refusal {
  const words = { operation: 'check', summary: `Check ${baseName(image.path)}` }
  const own = step(examineImage, { id: 'check', host: facts.host, input: { image, inUse } })
  const { tool, host } = facts
  if (by === null || !tool) return planReading(words, facts, own)
  const { path, format } = { path: image.path, format: tool.format }
  const asked = step(examineByTool, { id: 'ask', host, input: { tool: by, image: { path, format } } })
  const problems = [...facts.problems, ...toolProblems(by, image, tool)]
  const summary = `${words.summary}, also by ${writingToolRules[by].label}`
  return planReading({ ...words, summary }, { ...facts, problems }, asked, own)
}

function toolProblems(
  by: ExaminingTool,
  { path, reading }: CheckRequest['image'],
  { isThere, format }: NonNullable<CheckFacts['tool']>,
): Problem[] {
  const { label, program, get } = writingToolRules[by]
  const remedy = 'Leave out --with: Varve checks it.'
  const refuse = (reason: string) =>
    problemFromError(new DiskError('refused', { file: path, reason, remedy, layer: 'L2' }))
  const isPart = reading.disk !== undefined || reading.snapshot !== undefined
  return [
    ...(isThere
      ? []
      : [
          problemFromError(
            new DiskError('tool-missing', { file: path, tool: program ?? label, install: get }),
          ),
        ]),
    ...(examinedFormats[by].includes(format) ? [] : [refuse(`${label} checks nothing of ${format}`)]),
    ...(isPart ? [refuse(`${label} checks whole images`)] : []),
  ]
}
