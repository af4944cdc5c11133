import { countOf } from '@varve/core/units/format-bytes'
import type { Diagnosed } from '@varve/engine/doctor/diagnose'
import type { Diagnosis } from '@varve/engine/doctor/diagnosis'
import { shellWord } from '@varve/operations/plans/shown'
import type { CommandContext } from '../command.ts'
import { paintWith, printable } from '../output/text.ts'

/** What was found in a folder, of this host or of another. */
export type Told = Pick<Diagnosed, 'folder' | 'looked' | 'unseen' | 'findings'> & { readonly images: number }

type Painting = Pick<CommandContext, 'config'>

/** What was looked at, in lines. */
export function lookedAt({ folder, images, looked, unseen }: Told, { config }: Painting): readonly string[] {
  const head = `${printable(folder)}: ${countOf(images, 'image')}, ${countOf(looked, 'file')} looked at`
  if (unseen === null) return [head]
  return [head, paintWith(config.color)('yellow', `More may be there: ${printable(unseen)}.`)]
}

/** A finding in one line. */
export function headline({ id, severity, message }: Diagnosis, { config }: Painting): string {
  const colors = { block: 'red', warn: 'yellow', info: 'dim' } as const
  return `${paintWith(config.color)(colors[severity], severity.padEnd(5))} ${id}  ${printable(message)}`
}

/** Findings with what mends them, in lines. */
export function findingLines(findings: readonly Diagnosis[], painting: Painting): readonly string[] {
  return findings.flatMap((finding) => [
    headline(finding, painting),
    `      ${printable(finding.remedy)}`,
    ...(finding.command === null ? [] : [`      ${printable(finding.command.map(shellWord).join(' '))}`]),
  ])
}
