import { DiskError } from '@varve/core/problems/disk-error'

/** The uploads that arrive now: one for each name. */
export class RunningUploads {
  readonly #running = new Map<string, { readonly upload: string; readonly stop: AbortController }>()

  /**
   * Takes the name for an upload. The same upload, from a page that was opened again, takes the place of the one before, whose signal
   * aborts; throws `refused` while another upload arrives under that name.
   */
  claim(path: string, upload: string): Disposable & { readonly signal: AbortSignal } {
    const before = this.#running.get(path)
    if (before && before.upload !== upload)
      throw new DiskError('refused', {
        file: path,
        reason: 'another upload of that name is arriving',
        remedy: 'Choose another name, or cancel the other upload.',
      })
    before?.stop.abort(
      new DiskError('canceled', { file: path, what: 'the earlier connection of this upload' }),
    )
    const mine = { upload, stop: new AbortController() }
    this.#running.set(path, mine)
    return {
      signal: mine.stop.signal,
      [Symbol.dispose]: () => {
        if (this.#running.get(path) === mine) this.#running.delete(path)
      },
    }
  }
}
