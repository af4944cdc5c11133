import { readFileSync } from 'node:fs'

/** Bit of SIGHUP in the masks of `/proc/self/status`. */
const hangupBit = 1n

/**
 * The signals that end a program of Varve in good order: asked to by a person, by the system, or because the terminal is
 * gone. Who was started to outlive its terminal, as by nohup(1), does.
 */
export function stopSignals(): readonly ('SIGINT' | 'SIGTERM' | 'SIGHUP')[] {
  return outlivesTerminal ? ['SIGINT', 'SIGTERM'] : ['SIGINT', 'SIGTERM', 'SIGHUP']
}

/** Asked once, before a handler is in place. */
const outlivesTerminal = ignoresHangup()

function ignoresHangup(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)/mu.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]
    return mask !== undefined && (BigInt(`0x${mask}`) & hangupBit) !== 0n
  } catch {
    return false
  }
}
