import Database from 'better-sqlite3'

/**
 * The run table of OpenWorkflow's SQLite backend, where its API ends: a dead worker's lease lasts 30 seconds, but in the
 * embedded controller every other worker is known to be dead (the data directory is locked), so its runs are taken over at once.
 */
export interface Leases {
  /** Makes every unfinished run due now. Call before the worker starts. */
  takeOver(): void
  /** Ends the wait of a run between two attempts. */
  wake(runId: string): void
  close(): void
}

export function openLeases(path: string): Leases {
  const db = new Database(path)
  db.pragma('busy_timeout = 5000')
  const takeOver = db.prepare(
    `UPDATE workflow_runs SET available_at = ?, worker_id = NULL WHERE status IN ('pending', 'running', 'sleeping')`,
  )
  const wake = db.prepare(
    `UPDATE workflow_runs SET available_at = ? WHERE id = ? AND status = 'pending' AND worker_id IS NULL`,
  )
  return {
    takeOver() {
      takeOver.run(new Date().toISOString())
    },
    wake(runId) {
      wake.run(new Date().toISOString(), runId)
    },
    close() {
      db.close()
    },
  }
}
