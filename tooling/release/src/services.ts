import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { textFile, type TreeEntry } from './tree.ts'

const folder = resolve(import.meta.dirname, '../files')

/** Services of systemd, where they lie below a prefix. */
export const services = ['varve-agent.service', 'varve-controller.service'] as const

/** The units and the user of the controller, as a Linux system has them below a prefix. */
export async function serviceFiles(): Promise<TreeEntry[]> {
  const units = await Promise.all(
    services.map(async (name) =>
      textFile(`lib/systemd/system/${name}`, await readFile(join(folder, 'systemd', name), 'utf8')),
    ),
  )
  const users = await readFile(join(folder, 'systemd/varve.sysusers.conf'), 'utf8')
  return [...units, textFile('lib/sysusers.d/varve.conf', users)]
}

/** The scripts that dpkg runs. */
export async function maintainerScripts(): Promise<TreeEntry[]> {
  return await Promise.all(
    ['postinst', 'postrm', 'prerm'].map(async (name) =>
      textFile(name, await readFile(join(folder, 'debian', name), 'utf8'), 0o755),
    ),
  )
}

/** The scripts that rpm runs, by their names in a spec. */
export async function rpmScripts(): Promise<Readonly<Record<string, string>>> {
  const names = ['post', 'preun', 'postun']
  const texts = await Promise.all(
    names.map(async (name) => [name, await readFile(join(folder, 'rpm', name), 'utf8')]),
  )
  return Object.fromEntries(texts) as Record<string, string>
}
