import type { Outcome, RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'

/** `varve wsl sparse IMAGE on|off`. */
export async function setSparse(
  { image, isSparse }: { readonly image: string; readonly isSparse: boolean },
  options: OperateOptions,
  context: RunContext,
): Outcome {
  const request = { image: placeOf(image, options), isSparse }
  return await operate({ operation: 'set-sparse', request, isAsked: true }, options, context)
}

/** `varve wsl export IMAGE TARGET`. */
export async function exportDistribution(
  { image, target }: { readonly image: string; readonly target: string },
  options: OperateOptions,
  context: RunContext,
): Outcome {
  const request = { image: placeOf(image, options), target: placeOf(target, options) }
  return await operate({ operation: 'export-distribution', request, isAsked: false }, options, context)
}

export interface ImportOptions extends OperateOptions {
  readonly into?: string
  readonly inPlace?: boolean
}

/** `varve wsl import IMAGE NAME --into FOLDER`. */
export async function importDistribution(
  { image, name }: { readonly image: string; readonly name: string },
  options: ImportOptions,
  context: RunContext,
): Outcome {
  const folder = options.into === undefined ? null : placeOf(options.into, options)
  const request = { image: placeOf(image, options), name, folder }
  return await operate(
    { operation: 'import-distribution', request, isAsked: folder === null },
    options,
    context,
  )
}
