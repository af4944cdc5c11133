import { formatBytes } from '@varve/core/units/format-bytes'
import type { ImageReport, LayerReport } from '@varve/core/image/image-report'
import { knownGains } from '@varve/core/layers/reclaim-estimate'
import { layerNames } from '@varve/core/problems/layer-number'
import { isBlocking } from '@varve/core/problems/problem'
import { inspectFileInUse } from '@varve/engine/images/inspect-file'
import type { DiskInput } from '@varve/engine/run/requests'
import { inspectImage } from '@varve/operations/actions/inspect-image'
import { fromImageReportView } from '@varve/protocol/reports'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { diskInput, type ReadingOptions } from '../input.ts'
import { imageOf, readByPlan, type ReadByPlanOptions } from '../operations/read-by-plan.ts'
import { paintWith, printable, problemLines, type Paint } from '../output/text.ts'
import { rescueFindings, rescueMember } from '../rescue-notice.ts'

/** `varve info FILE`. Exit code 3 when the image cannot be read. */
export async function info(file: string, options: ReadingOptions, context: CommandContext): Outcome {
  const input = diskInput(file, options)
  const report = await reportOf(input, context.signal)
  const rescue =
    options.rescue === true ? { proven: false as const, findings: rescueFindings(report.problems) } : null
  if (rescue) context.remark('RESCUE: read with force; NOTHING of this is proven to be the disk.')
  return printReport(report, rescueMember(rescue), context)
}

/** `varve info FILE` with --plan, --script or --host. */
export async function infoByPlan(file: string, options: ReadByPlanOptions, context: CommandContext): Outcome {
  const request = { image: imageOf(file, options) }
  return await readByPlan({ operation: 'info', request }, options, context, (result) =>
    printReport(fromImageReportView(inspectImage.outcome.parse(result).report), {}, context),
  )
}

function printReport(report: ImageReport, rest: object, context: CommandContext): Awaited<Outcome> {
  if (context.json) context.print(JSON.stringify({ ...report, ...rest }, null, 2))
  else context.print(describeReport(report, paintWith(context.config.color)))
  return report.problems.some(isBlocking) ? exitCodes.imageRefused : exitCodes.ok
}

async function reportOf(input: DiskInput, signal: AbortSignal): Promise<ImageReport> {
  if (input.kind === 'nbd') {
    const { inspectExport } = await import('@varve/engine/disks/inspect-export')
    return await inspectExport(input, { signal })
  }
  const { path, roots, format, choices } = input
  return await inspectFileInUse(path, { roots, format, choices, signal })
}

/** The report as text: head, the eight layers, the chain, the findings. */
export function describeReport(report: ImageReport, paint: Paint): string {
  const kind = [report.format, report.subformat].filter(Boolean).join(' · ')
  const lines = [
    paint('bold', printable(report.path)),
    `${kind} · the guest sees ${size(report.virtualSize)} · the file is ${formatBytes(report.fileSize)}, ${size(report.allocated)} on disk`,
    '',
    ...report.layers.flatMap((layer) => [...boundary(layer, paint), ...describeLayer(layer, paint)]),
  ]
  if (report.chain.length > 1) {
    lines.push('', paint('bold', 'Chain'))
    for (const [depth, link] of report.chain.entries()) {
      lines.push(
        `${'  '.repeat(depth)}${depth === 0 ? '' : '└ '}${printable(link.path)}  ${link.format}, ${size(link.virtualSize)}`,
      )
    }
  }
  if (report.snapshots.length > 0) {
    lines.push('', paint('bold', 'Internal snapshots'))
    for (const { id, name, takenAt } of report.snapshots)
      lines.push(`  ${printable(id)}  ${printable(name)}  ${takenAt}`)
  }
  const gains = knownGains(report.reclaim)
  if (gains.length > 0) lines.push('', paint('bold', 'Reclaiming'), ...gains.flatMap(describeGain))
  if (report.problems.length > 0)
    lines.push('', paint('bold', 'Findings'), ...problemLines(report.problems, paint))
  return lines.join('\n')
}

function describeGain({ layer, bytes, message, remedy }: ImageReport['reclaim'][number]): string[] {
  return [`  ${layer}  about ${size(bytes)}: ${printable(message)}`, `      ${printable(remedy)}`]
}

function size(bytes: number | null): string {
  return bytes === null ? 'an unknown size' : formatBytes(bytes)
}

function boundary(layer: LayerReport, paint: Paint): string[] {
  return layer.layer === 'L3' ? [paint('cyan', `╌╌ guest ↑ host ↓ ${'╌'.repeat(54)}`)] : []
}

function describeLayer(layer: LayerReport, paint: Paint): string[] {
  const head = `${paint('bold', layer.layer)} ${layerNames[layer.layer].padEnd(17)} ${printable(layer.summary)}`
  const indent = ' '.repeat(21)
  const bands = layer.bands.filter(
    (band) => band.kind !== 'gap' && layer.layer !== 'L1' && layer.layer !== 'L2',
  )
  return [
    head,
    ...bands.map((band) => `${indent}${formatBytes(band.start).padStart(9)}  ${printable(band.label)}`),
    ...layer.notes.map((note) => `${indent}${paint('dim', printable(note))}`),
  ]
}
