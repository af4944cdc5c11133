import { surveyInput } from '@varve/engine/disks/survey-reclaim'
import type { Survey } from '@varve/operations/actions/reclaim-survey'
import { reclaimOperation } from '@varve/operations/reclaim/plan'
import { gatherChange } from './chain-change.ts'
import { problemCollector } from './copy-facts.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'
import { imageInput } from '../actions/image-input.ts'

export const reclaimHere = defineLocalOperation(reclaimOperation, async ({ image, zerosOnly }, context) => {
  const facts = await gatherChange(image, context)
  const { problems, collect } = problemCollector()
  const isReadable = facts.problems.length === 0
  const survey = isReadable ? await collect(async () => surveyOf(image, zerosOnly, context)) : null
  return { ...facts, problems: [...facts.problems, ...problems], survey }
})

/** From tables and bitmaps alone: what the data hold is not read for a plan. */
async function surveyOf(path: string, zerosOnly: boolean, { ports, signal }: FactsContext): Promise<Survey> {
  const input = imageInput({ path, format: null, reading: {} }, ports)
  return await surveyInput(input, { reads: false, zerosOnly, signal })
}
