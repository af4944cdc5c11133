import { DiskError } from '@varve/core/problems/disk-error'

/** Where the HTTP of a controller is, beside its WebSocket at `url`. */
export function httpBeside(url: string): URL {
  const base = new URL(url)
  base.protocol = base.protocol === 'wss:' ? 'https:' : 'http:'
  return base
}

/** That a controller did not answer what it was asked there. */
export function controllerGone({ origin }: URL, cause: unknown): DiskError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new DiskError('controller-gone', { file: origin, why: 'other', reason })
}
