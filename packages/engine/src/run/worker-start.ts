/** What a worker thread is started with. */
export interface WorkerStart {
  /** Folder of compiled code that the main thread uses, or null. */
  readonly codeCache: string | null
}
