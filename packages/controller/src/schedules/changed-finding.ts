import { countOf } from '@varve/core/units/format-bytes'
import type { VerifyOutcome } from '@varve/operations/actions/verify-image'
import type { ProblemView } from '@varve/protocol/primitives'

/** Chunks and places that its words name. */
const mostNamed = 5
/** Chunks that its details name. */
const mostChunks = 100

/** That the disk of an image is not what its manifest says. */
export function changedFinding(
  file: string,
  outcome: VerifyOutcome,
  seen: { readonly at: string; readonly run: string },
): ProblemView {
  const { digest, expected, provenAt, differing, chunks, layers, filesChanged } = outcome
  const since = `${provenAt.slice(0, 16).replace('T', ' ')} UTC`
  const written = filesChanged.length > 0 ? '; its files were written to since' : ''
  return {
    id: 'content-changed',
    severity: 'block',
    layer: 'L3',
    file,
    message: `its disk is not what it was at ${since}: ${countOf(differing, 'chunk')} of 4 MiB ${differing === 1 ? 'differs' : 'differ'} (${named(chunks.map(String), differing)})${placesOf(layers)}${written}`,
    remedy:
      'If a machine wrote to it since, keep a manifest of what it holds now. If none did, its media has failed or a copy went wrong: take the image from a backup.',
    details: {
      digest,
      expected,
      provenAt,
      differing,
      chunks: chunks.slice(0, mostChunks),
      layers: layers.map(({ layer, what }) => ({ layer, what })),
      filesChanged,
      ...seen,
    },
  }
}

function placesOf(layers: VerifyOutcome['layers']): string {
  if (layers.length === 0) return ''
  const places = layers.map(({ layer, what }) => `${layer} ${what}`)
  return `, in ${named(places, places.length)}`
}

/** The first of them, and how many more there are. */
function named(all: readonly string[], count: number): string {
  const first = all.slice(0, mostNamed)
  const rest = count - first.length
  return `${first.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
