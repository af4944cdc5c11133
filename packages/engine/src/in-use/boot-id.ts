import { smallTextOf } from './proc-files.ts'

/** Names the run of the machine since its start: another one after each start; null: the system does not say. */
export function bootId(): string | null {
  const text = smallTextOf('/proc/sys/kernel/random/boot_id').trim()
  return /^[\da-f-]{8,64}$/u.test(text) ? text : null
}
