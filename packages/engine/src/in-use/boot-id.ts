import { darwinCalls, type DarwinCalls } from '../file-ranges/darwin-calls.ts'
import { smallTextOf } from './proc-files.ts'

/** Names the run of the machine since its start: another one after each start; null: the system does not say. */
export function bootId(platform: NodeJS.Platform = process.platform, calls?: DarwinCalls): string | null {
  const text =
    platform === 'darwin'
      ? bootSession(calls ?? darwinCalls())
      : smallTextOf('/proc/sys/kernel/random/boot_id').trim()
  return /^[\da-f-]{8,64}$/u.test(text) ? text : null
}

const room = 64

/** Of macOS; empty where it does not say. */
function bootSession(calls: DarwinCalls): string {
  const answer = new Uint8Array(room)
  const length = calls.sysctl('kern.bootsessionuuid', answer)
  if (length <= 0) return ''
  return new TextDecoder().decode(answer.subarray(0, length)).replace(/\0+$/u, '').toLowerCase()
}
