import { dirname } from 'node:path'
import { finding, type Diagnosis } from '@varve/engine/doctor/diagnosis'
import { byCommand, byHand } from '@varve/engine/doctor/mending'
import { isBelowPath, pathKey } from '@varve/engine/files/windows-path'
import type { WslDistribution } from '@varve/protocol/distributions'
import type { DistributionsNow, WindowsHost } from '../../platform/windows-host.ts'
import type { Looking } from './looking.ts'

/** Where packages of the Store keep a distribution. */
const storePlace = /[\\/]packages[\\/][^\\/]+[\\/]localstate[\\/]ext4\.vhdx$/iu

/** What WSL says of the images in a folder. */
export async function distributionFindings(
  windows: Pick<WindowsHost, 'distributions'>,
  { folder, images }: Looking<'path'>,
): Promise<Diagnosis[]> {
  const now = await windows.distributions()
  return [
    ...now.distributions.flatMap((one) =>
      one.disk !== null && isBelowPath(one.disk.path, folder) ? ofDistribution(one, one.disk) : [],
    ),
    ...looseFindings(images, now),
  ]
}

function ofDistribution(
  { name, owner, kind, state }: WslDistribution,
  { path, exists, isSparse }: NonNullable<WslDistribution['disk']>,
): Diagnosis[] {
  const details = { distribution: name, owner }
  if (exists === false && state !== 'installing')
    return [
      finding(
        { path },
        {
          id: 'disk-of-distribution-missing',
          severity: 'block',
          layer: 'L1',
          message: `the WSL distribution ${name} of ${owner} has its files in it, and it is not there`,
          remedy: `Bring it back to where it was, such as from quarantine; or give the distribution up, with all that it held: wsl --unregister ${name}`,
          ...byCommand('varve', 'quarantine', dirname(path)),
          details,
        },
      ),
    ]
  if (isSparse !== true) return []
  return [
    finding(
      { path },
      {
        id: 'disk-of-distribution-sparse',
        severity: 'info',
        layer: 'L1',
        message: `it is a sparse file, as ${kind === 'docker-disk' ? 'Docker Desktop' : `the WSL distribution ${name}`} has it: Hyper-V, Optimize-VHD and diskpart refuse it`,
        remedy:
          kind === 'docker-disk'
            ? 'It stays usable for Docker Desktop; a copy that varve convert makes is one for Hyper-V.'
            : `It stays usable for WSL. To have it taken by them: wsl --shutdown, then wsl --manage ${name} --set-sparse false`,
        ...byHand,
        details,
      },
    ),
  ]
}

/** Only where everything is told of the user that they lie with. */
function looseFindings(
  images: Looking<'path'>['images'],
  { distributions, seenBelow }: DistributionsNow,
): Diagnosis[] {
  const named = new Set(distributions.flatMap(({ disk }) => (disk === null ? [] : [pathKey(disk.path)])))
  return images.flatMap((image) => {
    if (!storePlace.test(image.path) || named.has(pathKey(image.path))) return []
    if (!seenBelow.some((data) => isBelowPath(image.path, data))) return []
    return [
      finding(image, {
        id: 'disk-without-distribution',
        severity: 'warn',
        layer: 'L2',
        message: 'it is the disk of a WSL distribution, and no distribution of its user has it',
        remedy:
          'To use it again, move it where it shall stay, and: wsl --import-in-place NAME FILE. What it holds is told by varve info; varve delete keeps it in quarantine.',
        ...byCommand('varve', 'info', image.path),
        details: {},
      }),
    ]
  })
}
