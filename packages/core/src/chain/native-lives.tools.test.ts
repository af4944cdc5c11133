import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../testing/node-files.ts'
import { checkImage } from './check-image.ts'

/*
 * Whatever QEMU makes in its other formats than qcow2, after every operation that it has for them, is clean: one life of an
 * image per kind, looked at after each step. What QEMU refuses for a kind (to write a stream, to grow most of them) is not a
 * step, but leaves a clean image too.
 */

interface Kind {
  readonly format: 'vmdk' | 'vpc' | 'vhdx' | 'vdi' | 'parallels'
  readonly options: string
}

const kinds: readonly Kind[] = [
  { format: 'vmdk', options: '' },
  {
    format: 'vmdk',
    options: 'subformat=monolithicSparse,zeroed_grain=on,adapter_type=lsilogic,hwversion=13',
  },
  { format: 'vmdk', options: 'subformat=monolithicSparse,compat6=on' },
  { format: 'vmdk', options: 'subformat=monolithicFlat' },
  { format: 'vmdk', options: 'subformat=twoGbMaxExtentSparse' },
  { format: 'vmdk', options: 'subformat=twoGbMaxExtentSparse,zeroed_grain=on' },
  { format: 'vmdk', options: 'subformat=twoGbMaxExtentFlat' },
  { format: 'vmdk', options: 'subformat=streamOptimized' },
  { format: 'vpc', options: '' },
  { format: 'vpc', options: 'force_size=on' },
  { format: 'vpc', options: 'subformat=fixed' },
  { format: 'vpc', options: 'subformat=fixed,force_size=on' },
  { format: 'vhdx', options: '' },
  { format: 'vhdx', options: 'block_size=1M,log_size=2M' },
  { format: 'vhdx', options: 'subformat=fixed,block_size=8M' },
  { format: 'vhdx', options: 'block_state_zero=off' },
  { format: 'vdi', options: '' },
  { format: 'vdi', options: 'static=on' },
  { format: 'parallels', options: '' },
  { format: 'parallels', options: 'cluster_size=64k' },
]

const ending: Readonly<Record<Kind['format'], string>> = {
  vmdk: 'vmdk',
  vpc: 'vhd',
  vhdx: 'vhdx',
  vdi: 'vdi',
  parallels: 'hds',
}

/** A size that is no whole number of blocks in most of the kinds. */
const size = `${13 * 1024 * 1024 + 5 * 512}`

const writes: readonly (readonly string[])[] = [
  ['write -q -P 1 0 700k', 'write -q -P 2 9M 64k', 'write -q -P 3 513k 1536'],
  ['write -q -z 128k 100k', 'write -q -z -u 1M 2M', 'discard -q 448k 64k', 'discard -q 9M 1M'],
  ['write -q -P 4 0 13M', 'write -q -P 5 13M 2560', 'write -q -z -u 4M 4M'],
]

/** What is said of an image that holds no fault: what its kind always says is not a finding of these steps. */
async function faultsOf(path: string): Promise<readonly string[]> {
  const { report } = await checkImage(path, nodePorts)
  const { corruptions, leaks } = report.totals
  const said = report.findings.map(({ id, kind, message }) => `${kind} ${id}: ${message}`)
  return corruptions + leaks > 0 || !report.isComplete ? said : []
}

const nameOf = ({ format, options }: Kind) => `${format} ${options}`.trim()

describe.skipIf(!requires('qemu-img', 'qemu-io'))('what QEMU makes is clean', () => {
  test.each(kinds.map((kind) => [nameOf(kind), kind] as const))('%s', async (_, kind) => {
    const { format, options } = kind
    await using place = await tempPlace()
    const path = place.file(`life.${ending[format]}`)
    const create = ['create', '-q', '-f', format, ...(options === '' ? [] : ['-o', options]), path, size]
    await runToolOk('qemu-img', create)
    expect(await faultsOf(path)).toEqual([])
    for (const commands of writes) {
      await runTool('qemu-io', [
        '-t',
        'unsafe',
        '-d',
        'unmap',
        '-f',
        format,
        ...commands.flatMap((each) => ['-c', each]),
        path,
      ])
      expect(await faultsOf(path), commands.join('; ')).toEqual([])
    }
    for (const to of ['+7M', '-3M']) {
      await runTool('qemu-img', [
        'resize',
        '-q',
        '-f',
        format,
        ...(to.startsWith('-') ? ['--shrink'] : []),
        path,
        to,
      ])
      expect(await faultsOf(path), `resize ${to}`).toEqual([])
      await runTool('qemu-io', ['-t', 'unsafe', '-f', format, '-c', 'write -q -P 6 2M 3M', path])
      expect(await faultsOf(path), `written after resize ${to}`).toEqual([])
    }
    if (format !== 'vmdk' || /Flat|stream/u.test(options)) return
    const overlay = place.file('overlay.vmdk')
    const over = ['create', '-q', '-f', 'vmdk', '-F', 'vmdk', '-b', path, ...create.slice(4, -2), overlay]
    await runToolOk('qemu-img', over)
    expect(await faultsOf(overlay)).toEqual([])
    await runToolOk('qemu-io', ['-c', 'write -q -P 9 100k 300k', '-c', 'write -q -P 8 9M 1M', overlay])
    expect(await faultsOf(overlay), 'an overlay').toEqual([])
  })

  test.each(kinds.map((kind) => [nameOf(kind), kind] as const))('%s, converted', async (_, kind) => {
    await using place = await tempPlace()
    const raw = place.file('disk.raw')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'raw', raw, size])
    const patterns = ['write -q -P 1 0 700k', 'write -q -P 2 9M 64k', 'write -q -P 3 12M 1M']
    await runToolOk('qemu-io', ['-f', 'raw', ...patterns.flatMap((each) => ['-c', each]), raw])
    const path = place.file(`first.${ending[kind.format]}`)
    await convert({ from: raw, format: 'raw' }, { ...kind, path })
    expect(await faultsOf(path)).toEqual([])
    for (const [index, target] of kinds.entries()) {
      const copy = place.file(`copy-${index}.${ending[target.format]}`)
      if (index % turns !== kinds.indexOf(kind) % turns) continue
      await convert({ from: path, format: kind.format }, { ...target, path: copy })
      expect(await faultsOf(copy), `to ${nameOf(target)}`).toEqual([])
    }
  })
})

/** Every kind is converted to every fifth one, so that each is reached from several. */
const turns = 5

async function convert(
  { from, format }: { readonly from: string; readonly format: string },
  target: Kind & { readonly path: string },
): Promise<void> {
  const options = target.options === '' ? [] : ['-o', target.options]
  const args = [
    'convert',
    '-q',
    '-t',
    'unsafe',
    '-f',
    format,
    '-O',
    target.format,
    ...options,
    from,
    target.path,
  ]
  await runToolOk('qemu-img', args)
}
