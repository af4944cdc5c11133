import type { WritableFormat } from '@varve/core/formats/writable-formats'
import { guestChoices } from '@varve/core/rules/guest-choices'
import type { NewImage } from '../actions/new-image.ts'
import { digestImage } from '../actions/digest-image.ts'
import { forgetMedia } from '../actions/forget-media.ts'
import { replaceImage } from '../actions/replace-image.ts'
import { writeByTool } from '../actions/write-by-tool.ts'
import { writeImage } from '../actions/write-image.ts'
import { step, type DraftStep, type Estimate } from '../plans/plan.ts'
import { proofStep, publishStep } from '../plans/staged-steps.ts'
import { freshId, from } from '../plans/wired.ts'
import type { SourceFacts } from './facts.ts'
import type { ConvertRequest, CopyChoices } from './request.ts'
import type { Copy } from './targets.ts'
import type { WritingTool } from './writing-tools.ts'

export interface CopyPlan extends Pick<CopyChoices, 'verify' | 'durability' | 'reflink' | 'inUse'> {
  readonly host: string
  readonly copy: Copy
  readonly facts: SourceFacts
  readonly image: Pick<NewImage, 'subformat' | 'compression' | 'options' | 'backing'> & {
    readonly format: WritableFormat
  }
  /** Whether a file has the name already, which goes into quarantine. */
  readonly isReplaced: boolean
  /** The digest that the disk is known to have; null: what is read counts. */
  readonly expected: string | null
  readonly by: ConvertRequest['by']
  /** Put behind the ids of the steps, where there are several copies. */
  readonly mark: string
}

/** Writes and proves one copy. */
export function stagingSteps(plan: CopyPlan): DraftStep[] {
  return plan.by === 'varve' ? ownSteps(plan) : toolSteps(plan, plan.by)
}

/** What a tool wrote has to hold what Varve reads of the source. */
function toolSteps(plan: CopyPlan, tool: WritingTool): DraftStep[] {
  const { host, copy, facts, mark, image, expected } = plan
  const [digest, by] = [`digest${mark}`, `write${mark}`]
  const { format, subformat } = image
  const written = { target: copy.target, format, subformat }
  const source = { path: copy.source.path, format: facts.report.format }
  return [
    step(digestImage, {
      id: digest,
      host,
      input: { image: { ...copy.source, ...source }, inUse: 'refuse', sha256: false },
      estimate: bytesOf(facts),
    }),
    step(writeByTool, {
      id: by,
      host,
      input: { tool, source, image: { ...written, staging: freshId } },
      needs: ['nobody else uses the image'],
      estimate: bytesOf(facts),
    }),
    ...(tool === 'vboxmanage'
      ? [
          step(forgetMedia, {
            id: `forget${mark}`,
            host,
            input: { image: { ...written, staging: from(by, 'staging') }, media: from(by, 'media') },
          }),
        ]
      : []),
    proofStep(staged(plan), bytesOf(facts), expected ?? from(digest, 'digest')),
  ]
}

function ownSteps(plan: CopyPlan): DraftStep[] {
  const { host, copy, facts, verify, reflink, inUse, mark } = plan
  const { format, ...image } = plan.image
  const { target, source } = copy
  const guest = guestChoices(format, facts.report)
  const write = step(writeImage, {
    id: `write${mark}`,
    host,
    input: { source, inUse, reflink, image: { target, staging: freshId, format, ...image, guest } },
    estimate: bytesOf(facts),
  })
  return verify ? [write, proofStep(staged(plan), bytesOf(facts), plan.expected)] : [write]
}

/** Gives one copy its name. */
export function namingStep(plan: CopyPlan): DraftStep {
  const { host, copy, mark, image, isReplaced } = plan
  if (!isReplaced) return publishStep(staged(plan))
  const { format, subformat } = image
  const by = `write${mark}`
  return step(replaceImage, {
    id: `replace${mark}`,
    host,
    input: {
      image: { target: copy.target, format, subformat, staging: from(by, 'staging') },
      quarantine: freshId,
    },
  })
}

function staged({ host, copy, image, durability, mark }: CopyPlan) {
  const { format, subformat } = image
  return { host, by: `write${mark}`, image: { target: copy.target, format, subformat }, durability, mark }
}

/** What is stored of it has to be read; how long that takes depends on the disks. */
function bytesOf({ report }: SourceFacts): Estimate {
  return { bytes: report.fileSize, seconds: null }
}
