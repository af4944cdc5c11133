import type { FormatName } from '@varve/core/image/format-rules'
import type { Problem } from '@varve/core/problems/problem'
import { backingOf, type NewOverlay } from '@varve/engine/staging/backing'
import { problemCollector } from './copy-facts.ts'
import type { FactsContext } from './local-operation.ts'

/** Why an overlay of that name and format cannot name the image below. */
export async function namingProblems(
  overlay: NewOverlay,
  { path, format }: { readonly path: string; readonly format: FormatName },
  { ports: { roots } }: Pick<FactsContext, 'ports'>,
): Promise<Problem[]> {
  const { problems, collect } = problemCollector()
  await collect(async () => backingOf(overlay, { kind: 'image', path, roots, format }))
  return problems
}
