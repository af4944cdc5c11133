import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { runToolOk } from '@varve/test-kit/tools'

export interface StandInLvm extends AsyncDisposable {
  /** The only volume group that there is. */
  readonly group: string
  /** Names of its volumes. */
  volumes(): Promise<readonly string[]>
}

const script = join(import.meta.dirname, 'stand-in-lvm.sh')

/**
 * Puts a stand-in for `lvm` in front of all tools of this process and of those that it starts: a container has no device
 * mapper. What LVM itself does is tested in the lab.
 */
export async function standInLvm({ size = 256 * 1024 ** 2 } = {}): Promise<StandInLvm> {
  const place = await tempPlace()
  const group = `varve-test-${randomUUID().slice(0, 8)}`
  const { PATH = '' } = process.env
  await writeFile(place.file('group'), group)
  await writeFile(place.file('size'), String(size))
  await mkdir(place.file('bin'))
  await symlink(script, place.file('bin/lvm'))
  process.env['PATH'] = `${place.file('bin')}${delimiter}${PATH}`
  process.env['VARVE_STAND_IN'] = place.path
  const folder = `/dev/${group}`
  const links = async () => readdir(folder).catch(() => [])
  return {
    group,
    volumes: async () => (await links()).toSorted((a, b) => a.localeCompare(b)),
    async [Symbol.asyncDispose]() {
      process.env['PATH'] = PATH
      delete process.env['VARVE_STAND_IN']
      for (const name of await links())
        await runToolOk('losetup', ['--detach', await readlink(join(folder, name))])
      await rm(folder, { recursive: true, force: true })
      await place[Symbol.asyncDispose]()
    },
  }
}
