import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checksumAt, checksumOf, dynamicHeader, footer, footerSize } from '@varve/core/formats/vhd/header'
import { vdiHeader } from '@varve/core/formats/vdi/header'
import { buildVhdx } from '@varve/core/formats/vhdx/testing/build-vhdx'
import { blockStates } from '@varve/core/formats/vhdx/bat'
import { runToolOk } from '@varve/test-kit/tools'

/** A base, an image over it, and a copy of the base elsewhere. */
export interface MadeChain {
  readonly base: string
  readonly child: string
  readonly copy: string
}

const mib = 1024 * 1024
const longName = `another place/with a rather long name ${'x'.repeat(120)}`

export const madeKinds = [
  'qcow2',
  'qcow2 v2',
  'vmdk',
  'vmdk split',
  'vhd',
  'vhdx',
  'vdi',
  'parallels',
] as const
export type MadeKind = (typeof madeKinds)[number]

/** Makes a chain of 8 MiB (VHDX: 2 MiB) in `folder`: the base says 1, the child 2 in a part of it. */
export async function makeChain(kind: MadeKind, folder: string): Promise<MadeChain> {
  const made = await makers[kind](folder)
  await mkdir(dirname(made.copy), { recursive: true })
  await copyFile(made.base, made.copy)
  return made
}

const makers: Readonly<Record<MadeKind, (folder: string) => Promise<MadeChain>>> = {
  qcow2: (folder) => byQemu(folder, { format: 'qcow2', base: [], child: [] }),
  'qcow2 v2': (folder) => byQemu(folder, { format: 'qcow2', base: [], child: ['-o', 'compat=0.10'] }),
  vmdk: (folder) => byQemu(folder, { format: 'vmdk', base: [], child: [] }),
  'vmdk split': (folder) =>
    byQemu(folder, { format: 'vmdk', base: [], child: ['-o', 'subformat=twoGbMaxExtentSparse'] }),
  vhd: vhdChain,
  vhdx: vhdxChain,
  vdi: vdiChain,
  parallels: parallelsChain,
}

function namesIn(folder: string, ending: string): MadeChain {
  return {
    base: join(folder, `base.${ending}`),
    child: join(folder, `child.${ending}`),
    copy: join(folder, longName, `base.${ending}`),
  }
}

interface ByQemu {
  readonly format: string
  readonly base: readonly string[]
  readonly child: readonly string[]
}

async function byQemu(folder: string, { format, base, child }: ByQemu): Promise<MadeChain> {
  const made = namesIn(folder, format)
  await runToolOk('qemu-img', ['create', '-f', format, ...base, made.base, '8M'])
  await write(format, made.base, 'write -P 1 0 8M')
  const over = ['-F', format, '-b', `base.${format}`]
  await runToolOk('qemu-img', ['create', '-f', format, ...child, ...over, `child.${format}`], { cwd: folder })
  await write(format, made.child, 'write -P 2 1M 64k')
  return made
}

async function write(format: string, path: string, command: string): Promise<void> {
  await runToolOk('qemu-io', ['-f', format, '-c', command, path])
}

async function vhdChain(folder: string): Promise<MadeChain> {
  const made = namesIn(folder, 'vhd')
  for (const path of [made.base, made.child])
    await runToolOk('qemu-img', ['create', '-f', 'vpc', '-o', 'force_size=on', path, '8M'])
  await write('vpc', made.base, 'write -P 1 0 8M')
  await write('vpc', made.child, 'write -P 2 2M 2M')
  const parent = footer.read((await readFile(made.base)).subarray(-footerSize), made.base)
  const bytes = await readFile(made.child)
  const own = footer.read(bytes.subarray(-footerSize), made.child)
  const end = sealed(footer.write({ ...own, diskType: 4, checksum: 0 }), checksumAt.footer)
  bytes.set(end, 0)
  bytes.set(end, bytes.length - footerSize)
  const at = own.dataOffset ?? 0
  const name = new Uint8Array(512)
  name.set(Buffer.from('base.vhd', 'utf16le').swap16())
  const header = dynamicHeader.write({
    ...dynamicHeader.read(bytes, made.child, at),
    checksum: 0,
    parentUniqueId: parent.uniqueId,
    parentTimeStamp: parent.timeStamp,
    parentUnicodeName: name,
  })
  bytes.set(sealed(header, checksumAt.dynamicHeader), at)
  await writeFile(made.child, bytes)
  return made
}

function sealed(bytes: Uint8Array, at: number): Uint8Array {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, checksumOf(bytes, at))
  return bytes
}

async function vhdxChain(folder: string): Promise<MadeChain> {
  const made = namesIn(folder, 'vhdx')
  const dataAt = 8 * mib
  const disk = { virtualSize: 2 * mib, blockSize: mib }
  const full = (offset: number) => ({ state: blockStates.fullyPresent, offset })
  const parent = buildVhdx({
    ...disk,
    entries: { 0: full(dataAt), 1: full(dataAt + mib) },
    patches: [{ at: dataAt, bytes: new Uint8Array(2 * mib).fill(1) }],
  })
  const guid = '11111111-2222-4333-8444-555555555555'
  const child = buildVhdx({
    ...disk,
    dataWriteGuid: 'AAAAAAAA-2222-4333-8444-555555555555',
    parent: { parent_linkage: `{${guid}}`, relative_path: '.\\base.vhdx' },
    entries: { 0: full(dataAt), 1: { state: blockStates.notPresent, offset: 0 } },
    patches: [{ at: dataAt, bytes: new Uint8Array(mib).fill(2) }],
  })
  await writeFile(made.base, parent)
  await writeFile(made.child, child)
  return made
}

/** A VDI's parent is found beside it: the copy has a UUID of its own, since programs look for that. */
async function vdiChain(folder: string): Promise<MadeChain> {
  const made = namesIn(folder, 'vdi')
  for (const path of [made.base, made.child]) await runToolOk('qemu-img', ['create', '-f', 'vdi', path, '8M'])
  await write('vdi', made.base, 'write -P 1 0 8M')
  await write('vdi', made.child, 'write -P 2 2M 2M')
  const parent = vdiHeader.read(await readFile(made.base), made.base)
  const bytes = await readFile(made.child)
  const own = vdiHeader.read(bytes, made.child)
  const links = { uuidLinkage: parent.uuidCreate, uuidParentModify: parent.uuidModify }
  bytes.set(vdiHeader.write({ ...own, type: 4, ...links }))
  await writeFile(made.child, bytes)
  return { ...made, copy: join(folder, 'copy.vdi') }
}

async function parallelsChain(folder: string): Promise<MadeChain> {
  const bundle = join(folder, 'disk.hdd')
  await mkdir(bundle)
  const [base, top] = ['base.hds', 'top.hds']
  for (const name of [base, top])
    await runToolOk('qemu-img', ['create', '-f', 'parallels', join(bundle, name), '8M'])
  await write('parallels', join(bundle, base), 'write -P 1 0 8M')
  await write('parallels', join(bundle, top), 'write -P 2 1M 1M')
  await writeFile(join(bundle, 'DiskDescriptor.xml'), descriptor(base, top))
  return {
    base: join(bundle, base),
    child: join(bundle, 'DiskDescriptor.xml'),
    copy: join(folder, longName, 'base.hds'),
  }
}

function descriptor(base: string, top: string): string {
  const [nil, first, current] = ['0', '1', '5'].map(
    (digit) => `{${`${digit}0000000-0000-0000-0000-000000000000`}}`,
  )
  const image = (guid = '', file = '') =>
    `<Image><GUID>${guid}</GUID><Type>Compressed</Type><File>${file}</File></Image>`
  const shot = (guid = '', parent = '') =>
    `<Shot><GUID>${guid}</GUID><ParentGUID>${parent}</ParentGUID></Shot>`
  return `<?xml version='1.0' encoding='UTF-8'?>
<Parallels_disk_image Version="1.0"><Disk_Parameters><Disk_size>16384</Disk_size>
<Cylinders>1</Cylinders><Heads>1</Heads><Sectors>16384</Sectors><Padding>0</Padding></Disk_Parameters>
<StorageData><Storage><Start>0</Start><End>16384</End><Blocksize>2048</Blocksize>${image(first, base)}${image(current, top)}</Storage></StorageData>
<Snapshots><TopGUID>${current}</TopGUID>${shot(first, nil)}${shot(current, first)}</Snapshots></Parallels_disk_image>`
}
