import { proveImage } from '@varve/operations/actions/prove-image'
import { writeByTool } from '@varve/operations/actions/write-by-tool'
import { writeImage } from '@varve/operations/actions/write-image'
import { newestAttempt, type RunState, type StepState } from '@varve/operations/runs/run-state'

/** A new image that a run has made. */
export interface CopyDone {
  readonly path: string
  readonly format: string
  readonly virtualSize: number
  readonly dataBytes: number
  readonly fileSize: number
  /** Bytes that share blocks with the source, where the filesystem can do that. */
  readonly sharedBytes: number
  readonly digest: string
  readonly verified: boolean
  /** What a rescue read as zeros. */
  readonly zeroed: ReturnType<typeof writeImage.outcome.parse>['zeroed']
  readonly seconds: number
}

/** The images that the steps of a run have written, in their order. */
export function copiesDone({ steps }: RunState): CopyDone[] {
  return steps.flatMap((step) => {
    const attempt = newestAttempt(step)
    if (attempt?.phase !== 'done') return []
    if (step.step.action === 'write-by-tool') return toolCopy(step, steps)
    if (step.step.action !== 'write-image') return []
    const { image } = writeImage.input.parse(attempt.call.input)
    const { virtualSize, dataBytes, fileSize, sharedBytes, digest, zeroed } = writeImage.outcome.parse(
      attempt.outcome,
    )
    const after = steps.filter((other) => isOf(other, image.staging))
    const verified = after.some(({ step: { action } }) => action === 'prove-image')
    const seconds = secondsOf([step, ...after])
    const sizes = { virtualSize, dataBytes, fileSize, sharedBytes }
    return { path: image.target, format: image.format, ...sizes, digest, verified, zeroed, seconds }
  })
}

/** What a tool has written: its disk is known from the proof. */
function toolCopy(step: StepState, steps: readonly StepState[]): CopyDone[] {
  const attempt = newestAttempt(step)
  const { image } = writeByTool.input.parse(attempt?.call.input)
  const { fileSize } = writeByTool.outcome.parse(attempt?.outcome)
  const after = steps.filter((other) => isOf(other, image.staging))
  const proof = after.find(({ step: { action } }) => action === 'prove-image')
  const proven = proof && newestAttempt(proof)
  if (proven?.phase !== 'done') return []
  const { digest, virtualSize, dataBytes } = proveImage.outcome.parse(proven.outcome)
  const sizes = { virtualSize, dataBytes, fileSize, sharedBytes: 0 }
  const seconds = secondsOf([step, ...after])
  return [{ path: image.target, format: image.format, ...sizes, digest, verified: true, zeroed: [], seconds }]
}

/** Whether a step has worked on what was staged by that name. */
function isOf(step: StepState, staging: string): boolean {
  const input: unknown = newestAttempt(step)?.call.input
  if (typeof input !== 'object' || input === null) return false
  if (step.step.action === 'write-image' || step.step.action === 'write-by-tool') return false
  const staged = 'image' in input ? input.image : input
  return typeof staged === 'object' && staged !== null && 'staging' in staged && staged.staging === staging
}

function secondsOf(steps: readonly StepState[]): number {
  return steps.reduce((sum, { startedAt, endedAt }) => {
    const took = startedAt === null || endedAt === null ? 0 : Date.parse(endedAt) - Date.parse(startedAt)
    return sum + took / 1000
  }, 0)
}
