import { runToolOk } from '@varve/test-kit/tools'

/** The kernel package that Debian names now, `linux-image-6.1.0-56-amd64 6.1.192-2`; throws when apt knows none. */
export async function findKernel(): Promise<{ readonly name: string; readonly version: string }> {
  const said = await runToolOk('apt-cache', ['show', '--no-all-versions', 'linux-image-amd64'])
  const found = /^Depends: (?<name>linux-image-[\w.+-]+) \(= (?<version>[^)]+)\)/mu.exec(said)?.groups
  const { name, version } = found ?? {}
  if (name === undefined || version === undefined) throw new Error('apt knows no kernel: run apt-get update')
  return { name, version }
}
