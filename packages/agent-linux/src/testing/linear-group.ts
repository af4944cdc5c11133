import { runToolOk } from '@varve/test-kit/tools'

/** A tool of LVM that sees one device, and asks nothing of the kernel. */
export async function lvmAlone(device: string, name: string, ...args: readonly string[]): Promise<string> {
  const alone = ['--devices', device, '--driverloaded', 'n', '--config', 'backup{backup=0 archive=0}']
  return await runToolOk('lvm', [name, ...alone, ...args])
}

/** A group on the device of linear volumes, each of so many MiB, in turn from its first extent; `physical`: options of pvcreate. */
export async function makeGroup(
  device: string,
  group: string,
  volumes: readonly (readonly [name: string, size: number])[],
  physical: readonly string[] = [],
): Promise<void> {
  await lvmAlone(device, 'pvcreate', ...physical, device)
  await lvmAlone(device, 'vgcreate', group, device)
  for (const [name, size] of volumes)
    await lvmAlone(device, 'lvcreate', '-an', '-Zn', '-Wn', '-L', `${size}M`, '-n', name, group)
}

/** Where the volumes lie: their names, and the extents of each of their runs. */
export async function placesIn(device: string, group: string): Promise<readonly string[]> {
  await lvmAlone(device, 'vgck', group)
  const said = await lvmAlone(
    device,
    'lvs',
    '--noheadings',
    '--segments',
    '-o',
    'lv_name,seg_pe_ranges',
    group,
  )
  return said
    .trim()
    .split('\n')
    .map((line) => line.trim().replace(/\s+\S+:/u, ' '))
}
