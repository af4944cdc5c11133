import { deriveUuid } from '../../binary/derive-uuid.ts'
import { formatUuid } from '../../binary/uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { sectorSize } from './header.ts'

/** The GUID of the image that the machine writes to. */
const topGuid = '{5fbaabe3-6958-40ff-92a7-860e329aab41}'
const nilGuid = '{00000000-0000-0000-0000-000000000000}'

/** Longest name of a bundle, so that its image, whose name begins with it, has a name that hosts allow. */
const longestName = 200

/** The name of the one image in a bundle of that name, as Parallels has it; throws `refused` for names that XML cannot hold. */
export function bundleImageName(name: string): string {
  const isText = name.isWellFormed() && !/^\s|[\u0000-\u001f\u007f\ufffe\uffff/\\]/u.test(name)
  if (isText && new TextEncoder().encode(name).length <= longestName) return `${name}.0.${topGuid}.hds`
  throw new DiskError('refused', {
    file: name,
    reason: `the descriptor of a Parallels bundle takes names of at most ${longestName} bytes without control characters and blanks in front`,
    remedy: 'Choose another name.',
  })
}

export interface BundleShape {
  readonly virtualSize: number
  readonly clusterSize: number
  /** Of the bundle. */
  readonly name: string
  readonly id: string
}

/** `DiskDescriptor.xml` of a bundle with one expanding image and no snapshots (QEMU docs/interop/prl-xml.rst). */
export function bundleDescriptor({ virtualSize, clusterSize, name, id }: BundleShape): Uint8Array {
  const sectors = virtualSize / sectorSize
  const { cylinders, heads, perTrack } = exactGeometry(sectors)
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<Parallels_disk_image Version="1.0">',
    '  <Disk_Parameters>',
    `    <Disk_size>${sectors}</Disk_size>`,
    `    <Cylinders>${cylinders}</Cylinders>`,
    '    <PhysicalSectorSize>512</PhysicalSectorSize>',
    '    <LogicSectorSize>512</LogicSectorSize>',
    `    <Heads>${heads}</Heads>`,
    `    <Sectors>${perTrack}</Sectors>`,
    '    <Padding>0</Padding>',
    `    <Encryption><Engine>${nilGuid}</Engine><Data></Data></Encryption>`,
    `    <UID>{${formatUuid(deriveUuid(id, 0))}}</UID>`,
    `    <Name>${escaped(name)}</Name>`,
    '    <Miscellaneous><CompatLevel>level2</CompatLevel><Bootable>1</Bootable><SuspendState>0</SuspendState></Miscellaneous>',
    '  </Disk_Parameters>',
    '  <StorageData>',
    '    <Storage>',
    '      <Start>0</Start>',
    `      <End>${sectors}</End>`,
    `      <Blocksize>${clusterSize / sectorSize}</Blocksize>`,
    `      <Image><GUID>${topGuid}</GUID><Type>Compressed</Type><File>${escaped(bundleImageName(name))}</File></Image>`,
    '    </Storage>',
    '  </StorageData>',
    '  <Snapshots>',
    `    <Shot><GUID>${topGuid}</GUID><ParentGUID>${nilGuid}</ParentGUID></Shot>`,
    '  </Snapshots>',
    '</Parallels_disk_image>',
    '',
  ]
  return new TextEncoder().encode(lines.join('\n'))
}

/** The usual geometry where it gives the size exactly, as the specification demands; else one of fewer heads or sectors. */
function exactGeometry(sectors: number) {
  for (const [heads, perTrack] of [
    [16, 63],
    [16, 32],
    [16, 1],
  ] as const) {
    if (sectors % (heads * perTrack) === 0)
      return { cylinders: sectors / (heads * perTrack), heads, perTrack }
  }
  return { cylinders: sectors, heads: 1, perTrack: 1 }
}

/** Text as XML has it. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
