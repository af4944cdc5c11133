import { z } from 'zod'
import { Bytes, LayerNumber, ProblemView } from './primitives.ts'

export const EstimateView = z.lazy(() =>
  z.object({ bytes: Bytes.nullable(), seconds: z.number().min(0).nullable() }),
)

export const PlanStepView = z.lazy(() =>
  z.object({
    id: z.string(),
    layer: z.union([LayerNumber, z.literal('all')]),
    title: z.string(),
    does: z.string(),
    command: z.string(),
    host: z.string(),
    needs: z.array(z.string()),
    estimate: EstimateView,
    undo: z.string().nullable(),
    pointOfNoReturn: z.boolean(),
  }),
)
export type PlanStepView = z.infer<typeof PlanStepView>

/** The wire form of a `Plan | Refusal` of the operations. */
export const PlanView = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('plan'),
      operation: z.string(),
      summary: z.string(),
      steps: z.array(PlanStepView),
      warnings: z.array(ProblemView),
      estimate: EstimateView,
    }),
    z.object({ kind: z.literal('refusal'), operation: z.string(), problems: z.array(ProblemView) }),
  ]),
)
export type PlanView = z.infer<typeof PlanView>
