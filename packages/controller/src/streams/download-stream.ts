import { DiskError } from '@varve/core/problems/disk-error'
import type { SentFile, WantedBytes } from '@varve/protocol/file-streams'

/** Takes the bytes of a download; settles when there is room for more, false when nobody wants more. */
export type Sink = (bytes: Buffer) => Promise<boolean>

/** One download between an agent, which brings one piece after the other, and a browser that takes them at its own pace. */
export class DownloadStream {
  /** What the agent says of the file. */
  readonly file: Promise<SentFile>
  readonly #file = Promise.withResolvers<SentFile>()
  readonly #wanted = Promise.withResolvers<WantedBytes | null>()
  #sink: Sink | null = null
  #isOver = false
  /** Where the next bytes belong, and whether there is room for them. */
  #at = 0
  #room: Promise<boolean> = Promise.resolve(true)

  constructor() {
    this.file = this.#file.promise
    this.file.catch(() => {})
  }

  /** The agent's offer; null: nobody wants it any more. */
  async offer(file: SentFile): Promise<WantedBytes | null> {
    this.#file.resolve(file)
    return await this.#wanted.promise
  }

  /** What is wanted of the file, and where it goes. */
  want(bytes: WantedBytes, sink: Sink): void {
    this.#at = bytes.start
    this.#sink = sink
    this.#wanted.resolve(bytes)
  }

  /** False: nobody wants it any more. Bytes that are brought again, because the answer was lost, are not taken twice. */
  async bring(at: number, bytes: Buffer): Promise<boolean> {
    if (this.#isOver || !this.#sink || at > this.#at) return false
    if (at === this.#at) {
      this.#at += bytes.length
      this.#room = this.#sink(bytes)
    }
    return await this.#room
  }

  /** Nothing more is wanted, or comes. */
  close(error: Error = new DiskError('canceled', { file: 'download', what: 'the download' })): void {
    this.#isOver = true
    this.#file.reject(error)
    this.#wanted.resolve(null)
  }
}
