import type { JobReport, ManifestPart } from '@varve/protocol/agent'

/** The evidence that goes with the end of a job: delivered before it. */
export interface ManifestUpload {
  readonly digest: string
  /** As core's `encodeManifest` gives it. */
  readonly bytes: Uint8Array
}

export interface JobEnd {
  readonly report: Exclude<JobReport, { kind: 'progress' }>
  readonly manifest: ManifestUpload | null
}

/** Bytes of an encoded manifest in one part. */
const partSize = 1024 * 1024

/** Cuts an encoded manifest into the parts that cross the wire. */
export function* manifestParts({ digest, bytes }: ManifestUpload): Generator<ManifestPart> {
  const parts = Math.max(1, Math.ceil(bytes.length / partSize))
  for (let part = 0; part < parts; part += 1) {
    const slice = bytes.subarray(part * partSize, (part + 1) * partSize)
    yield { digest, part, parts, bytes: Buffer.from(slice).toString('base64') }
  }
}

/**
 * What has to reach the controller about jobs: every end until it is acknowledged, and of progress the latest per job.
 * It outlives connections.
 */
export class Outbox {
  readonly #ends = new Map<string, JobEnd>()
  readonly #progress = new Map<string, Extract<JobReport, { kind: 'progress' }>>()
  /** Called when there is something to send; `now`: the end of a job. */
  onFilled: (urgency: 'now' | 'soon') => void = () => {}

  progress(report: Extract<JobReport, { kind: 'progress' }>): void {
    if (this.#ends.has(report.jobId)) return
    this.#progress.set(report.jobId, report)
    this.onFilled('soon')
  }

  end(end: JobEnd): void {
    this.#progress.delete(end.report.jobId)
    this.#ends.set(end.report.jobId, end)
    this.onFilled('now')
  }

  /** Jobs whose end has not been acknowledged. */
  jobs(): string[] {
    return [...this.#ends.keys()]
  }

  nextEnd(): JobEnd | null {
    return this.#ends.values().next().value ?? null
  }

  latestProgress(limit: number): Extract<JobReport, { kind: 'progress' }>[] {
    return [...this.#progress.values()].slice(0, limit)
  }

  /** The controller has it: it is not sent again. */
  acknowledge(reports: readonly JobReport[]): void {
    for (const report of reports) {
      if (report.kind === 'progress') {
        if (this.#progress.get(report.jobId) === report) this.#progress.delete(report.jobId)
        continue
      }
      if (this.#ends.get(report.jobId)?.report === report) this.#ends.delete(report.jobId)
    }
  }
}
