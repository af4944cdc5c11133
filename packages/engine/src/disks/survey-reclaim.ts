import { surveyReclaim, type ReclaimSurvey, type SurveyOptions } from '@varve/core/layers/survey-reclaim'
import { nodePorts } from '../ports/ports.ts'
import { orCanceled } from '../run/or-canceled.ts'
import { inputName, knownFormat } from '../run/open-input.ts'
import type { DiskInput } from '../run/requests.ts'

/** What the image holds for nothing, layer by layer; throws what opening it throws, and `canceled`. */
export async function surveyInput(
  input: DiskInput & { kind: 'image' },
  { signal, ...options }: Pick<SurveyOptions, 'reads' | 'zerosOnly' | 'holder' | 'onProgress' | 'signal'>,
): Promise<ReclaimSurvey> {
  const { path, roots, choices, told } = input
  const what = 'the survey'
  return await orCanceled({ signal, file: inputName(input), what }, async () =>
    surveyReclaim(path, nodePorts({ roots, io: 'async' }), {
      format: knownFormat(input),
      choices,
      told,
      ...options,
      ...(signal && { signal }),
    }),
  )
}
