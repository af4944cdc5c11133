import { notify } from '../components/notify.ts'
import { errorToWords } from './error-to-words.ts'

/** Says in the corner why something could not be done, and what to do. */
export function tellError(error: unknown): void {
  const { title, remedy } = errorToWords(error)
  void notify({ color: 'red', title, message: remedy })
}
