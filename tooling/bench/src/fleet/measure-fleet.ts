import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatAttacks, measureAttacks } from './attacks.ts'
import { formatHosts, measureHosts } from './hosts.ts'
import { formatImages, measureImages } from './images.ts'

export interface FleetOptions {
  readonly hosts: readonly number[]
  readonly images: readonly number[]
  readonly attacks: boolean
  readonly say: (text: string) => void
}

/** Measures a controller with invented fleets over real sockets; each in a data folder of its own. */
export async function runFleet({ hosts, images, attacks, say }: FleetOptions): Promise<unknown> {
  const results: unknown[] = []
  const run = async <T>(measure: (data: string) => Promise<T>, format: (result: T) => string) => {
    const folder = mkdtempSync(join(tmpdir(), 'varve-bench-fleet-'))
    try {
      const result = await measure(join(folder, 'data'))
      results.push(result)
      say(format(result))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  for (const count of hosts) await run((data) => measureHosts(count, data), formatHosts)
  for (const count of images) await run((data) => measureImages(count, data), formatImages)
  if (attacks) await run((data) => measureAttacks(data, ''), formatAttacks)
  return results
}
