import { writeSync } from 'node:fs'

/** Who waits hears of it so often. */
const tellMs = 5000

/** To be called often by a program of Varve's: who waits for it sees now and then that it goes on. */
export function tellsOften(): () => void {
  let told = Date.now()
  return () => {
    if (Date.now() - told < tellMs) return
    told = Date.now()
    writeSync(2, '\n')
  }
}
