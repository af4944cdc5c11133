import { randomBytes } from 'node:crypto'
import { mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { runToolOk } from './tools.ts'

export interface DeviceFolder extends AsyncDisposable {
  /** Below /dev, as those of volume groups are. */
  readonly path: string
  /** Makes a loop device of the file and a link of that name to it, as LVM does for a volume; gives the device. */
  add(name: string, file: string): Promise<string>
  /** A device that no link leads to. */
  attach(file: string): Promise<string>
}

/** A folder of links to loop devices, which stand for volumes where there is no device mapper. */
export async function deviceFolder(): Promise<DeviceFolder> {
  const path = join('/dev', `varve-test-${randomBytes(4).toString('hex')}`)
  await mkdir(path)
  const devices: string[] = []
  const attach = async (file: string) => {
    const device = (await runToolOk('losetup', ['--find', '--show', file])).trim()
    devices.push(device)
    return device
  }
  return {
    path,
    attach,
    async add(name, file) {
      const device = await attach(file)
      const link = join(path, name)
      await mkdir(join(link, '..'), { recursive: true })
      await symlink(device, link)
      return device
    },
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true })
      for (const device of devices) await runToolOk('losetup', ['--detach', device])
    },
  }
}
