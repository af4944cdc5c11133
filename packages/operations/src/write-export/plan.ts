import { formatBytes } from '@varve/core/units/format-bytes'
import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import { proveExport } from '../actions/prove-export.ts'
import { writeExport } from '../actions/write-export.ts'
import { snapshotFinding, sourceFindings } from '../convert/copy-findings.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, step } from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import type { ExportFacts } from './facts.ts'
import { WriteExportRequest } from './request.ts'

/** Writes the disk of an image over an NBD export, in place; the source is only read. */
export const writeExportOperation = defineOperation<WriteExportRequest, ExportFacts>({
  name: 'write-export',
  request: WriteExportRequest,
  paths: ['source.path', 'target'],
  plan(
    { source: address, target, inUse, verify, snapshots, expected },
    { host, source, target: found, problems },
  ) {
    const refusals = [
      ...problems,
      ...(source && found ? refusalsOf(target, source.report.virtualSize, found) : []),
    ]
    if (refusals.length > 0 || !source || !found)
      return { kind: 'refusal', operation: 'write-export', problems: refusals }
    const bytes = source.report.fileSize
    const estimate = { bytes, seconds: null }
    const write = step(writeExport, {
      id: 'write',
      host,
      input: { source: address, inUse, target },
      estimate,
    })
    const prove = step(proveExport, {
      id: 'prove',
      host,
      input: { target, expected: expected ?? from('write', 'digest') },
      estimate,
    })
    const asked = snapshotFinding(source, snapshots)
    return {
      kind: 'plan',
      operation: 'write-export',
      summary: `Write ${baseName(address.path)} (${formatBytes(found.size)}) over ${target}`,
      steps: inOrder(verify ? [write, prove] : [write]),
      warnings: [overwritten(target, found.size), ...sourceFindings(source), ...(asked ? [asked] : [])],
      subjects: [{ host, path: target }],
      estimate: { bytes: verify ? 2 * bytes : bytes, seconds: null },
    }
  },
})

/** An export is written in place: there is no undo, and nobody here knows who else has it open. */
function overwritten(target: string, size: number): Problem {
  return {
    id: 'export-overwritten',
    severity: 'warn',
    asks: true,
    layer: 'L3',
    file: target,
    message: `All ${formatBytes(size)} that the export holds are written over, in place: there is no way back, and if it ends on the way the export holds a part of both.`,
    remedy:
      'Make sure that nobody else uses the export, and that what it holds is kept elsewhere or not needed.',
  }
}

function refusalsOf(
  file: string,
  virtualSize: number | null,
  { size, isReadOnly }: NonNullable<ExportFacts['target']>,
): Problem[] {
  if (isReadOnly)
    return [
      problemFromError(new DiskError('not-writable', { file, reason: 'its server offers it read-only' })),
    ]
  if (virtualSize === null || virtualSize === size) return []
  const reason = `the export has ${size} bytes and the disk ${virtualSize}`
  const remedy = `Have the server offer an export of exactly ${virtualSize} bytes.`
  return [problemFromError(new DiskError('refused', { file, reason, remedy }))]
}
