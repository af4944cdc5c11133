import { arch, availableParallelism, release, totalmem, version } from 'node:os'
import type { SystemFacts } from '@varve/agent/platform/platform'

/** Edition and build of Windows as `node:os` tells them, such as `Windows 11 Pro` and `10.0.22631`. */
export async function windowsSystemFacts(): Promise<SystemFacts> {
  return {
    os: { platform: 'windows', name: version(), kernel: release(), arch: arch() },
    cpus: availableParallelism(),
    memory: totalmem(),
  }
}
