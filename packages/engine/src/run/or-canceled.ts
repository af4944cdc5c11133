import { DiskError } from '@varve/core/problems/disk-error'

export interface Cancelable {
  readonly signal: AbortSignal | undefined
  readonly file: string
  /** What was canceled, as `the conversion`. */
  readonly what: string
}

/** Runs `act`; whatever it throws after the signal came is told as `canceled`. */
export async function orCanceled<T>({ signal, file, what }: Cancelable, act: () => Promise<T>): Promise<T> {
  try {
    signal?.throwIfAborted()
    return await act()
  } catch (error) {
    if (!signal?.aborted) throw error
    throw new DiskError('canceled', { file, what }, { cause: error })
  }
}
