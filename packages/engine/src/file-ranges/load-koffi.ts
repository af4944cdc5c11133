import { untouched } from '../system/end-thread.ts'
import { requireKoffi, type Koffi } from './require-koffi.ts'

/** Loads koffi. A thread that is ended while it does so would take the process with it, see `endThread`. */
export function loadKoffi(): Koffi {
  return untouched(requireKoffi)
}
