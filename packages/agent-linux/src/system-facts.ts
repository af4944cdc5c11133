import { readFile } from 'node:fs/promises'
import { arch, availableParallelism, release, totalmem, version } from 'node:os'
import type { SystemFacts } from '@varve/agent/platform/platform'
import { parseOsRelease } from './os-release.ts'

/** Name and version of the distribution, kernel, processors, memory. */
export async function linuxSystemFacts(): Promise<SystemFacts> {
  return {
    os: { platform: 'linux', name: await distributionName(), kernel: release(), arch: arch() },
    cpus: availableParallelism(),
    memory: totalmem(),
  }
}

async function distributionName(): Promise<string> {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const text = await readFile(path, 'utf8').catch(() => null)
    const name = text === null ? undefined : parseOsRelease(text).get('PRETTY_NAME')
    if (name !== undefined && name !== '') return name
  }
  return version()
}
