import type { ToolCommand } from '@varve/agent/tools/tool-command'
import type { ExtRecipe, XfsRecipe } from '@varve/core/filesystems/filesystem-recipe'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { inodesFor, journalFor } from '@varve/operations/shrink/by-files-sizes'
import { isOlder, type ToolVersion } from '@varve/operations/shrink/tool-version'
import { tied } from '../tied.ts'

type Commands = readonly [ToolCommand<null>, ...ToolCommand<null>[]]
type Making = ActionInput<'make-filesystem'> & {
  /** Of the filesystem itself. */
  readonly at: string
}

const silence = { ms: 600_000, io: true }
const mib = 1024 ** 2

function command(tool: string, args: readonly string[]): ToolCommand<null> {
  return tied({ tool, args, silence, parse: () => null })
}

/** The tools that make a filesystem like another one; what is on the device is lost. */
export function makeCommands(making: Making): Commands {
  const { recipe } = making
  return recipe.kind === 'ext' ? extCommands(making, recipe) : [xfsCommand(making, recipe)]
}

/** Bits of the mount options that an ext has by itself, as `tune2fs -o` calls them. */
const mountOptions: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'debug'],
  [0x2, 'bsdgroups'],
  [0x4, 'user_xattr'],
  [0x8, 'acl'],
  [0x10, 'uid16'],
  [0x100, 'nobarrier'],
  [0x200, 'block_validity'],
  [0x400, 'discard'],
  [0x800, 'nodelalloc'],
]
const journalModes: Readonly<Record<number, string>> = {
  0x20: 'journal_data',
  0x40: 'journal_data_ordered',
  0x60: 'journal_data_writeback',
}

function extCommands({ at, uuid, size, before }: Making, recipe: ExtRecipe): Commands {
  const { blockSize, inodeSize, features, label, clusterSize, stride, stripeWidth } = recipe
  const journal = journalFor(recipe, size)
  const extended = [
    'nodiscard',
    ...(stride > 0 ? [`stride=${stride}`] : []),
    ...(stripeWidth > 0 ? [`stripe_width=${stripeWidth}`] : []),
  ]
  const make = command('mke2fs', [
    '-q',
    '-F',
    '-O',
    ['none', ...features].join(','),
    '-b',
    String(blockSize),
    '-I',
    String(inodeSize),
    ...(clusterSize === null ? [] : ['-C', String(clusterSize)]),
    '-N',
    String(inodesFor(recipe, size, before)),
    '-m',
    String(Math.round(recipe.reservedShare * 10_000) / 100),
    '-e',
    recipe.errors,
    '-E',
    extended.join(','),
    ...(journal > 0 ? ['-J', `size=${journal / mib}`] : []),
    '-U',
    uuid,
    ...(label === null ? [] : ['-L', label]),
    at,
    String(Math.floor(size / blockSize)),
  ])
  const mode = journalModes[recipe.mountOptions & 0x60]
  const set = [
    ...mountOptions.map(([bit, name]) => ((recipe.mountOptions & bit) === 0 ? `^${name}` : name)),
    ...(mode === undefined ? [] : [mode]),
  ]
  return [make, command('tune2fs', ['-o', set.join(','), at])]
}

/** What later versions of mkfs.xfs make unless it is forbidden, as kernels of guests may not know it. */
const laterFeatures: readonly (readonly [since: ToolVersion, option: string, name: string])[] = [
  [[6, 10], '-i', 'exchange=0'],
  [[6, 10], '-n', 'parent=0'],
  [[6, 13], '-m', 'metadir=0'],
]

function xfsCommand({ at, uuid, size, version }: Making, recipe: XfsRecipe): ToolCommand<null> {
  const { features, blockSize, sectorSize, inodeSize, inodeShare, folderBlockSize, label } = recipe
  const { stripeUnit, stripeWidth } = recipe
  const is = (name: keyof XfsRecipe['features']) => `${name}=${features[name] ? 1 : 0}`
  const knows = (since: ToolVersion) => version === null || !isOlder(version, since)
  const later = (option: string) =>
    laterFeatures
      .filter(([since, of]) => of === option && version !== null && knows(since))
      .map(([, , name]) => name)
  const meta = [
    `uuid=${uuid}`,
    is('crc'),
    is('finobt'),
    ...(knows([4, 9]) ? [is('rmapbt'), is('reflink')] : []),
    ...(knows([5, 10]) ? [is('bigtime'), is('inobtcount')] : []),
    ...later('-m'),
  ]
  const inodes = [
    `size=${inodeSize}`,
    `maxpct=${inodeShare}`,
    is('sparse'),
    ...(knows([5, 19]) ? [is('nrext64')] : []),
    ...later('-i'),
  ]
  const folders = [
    `size=${folderBlockSize}`,
    ...(features.ci ? ['version=ci'] : []),
    ...(features.crc ? [] : [is('ftype')]),
    ...later('-n'),
  ]
  const sectors = 512
  const stripes =
    stripeUnit > 0 && stripeWidth > 0
      ? [`sunit=${stripeUnit / sectors}`, `swidth=${stripeWidth / sectors}`]
      : ['noalign']
  return command('mkfs.xfs', [
    '-q',
    '-f',
    '-K',
    '-m',
    meta.join(','),
    '-b',
    `size=${blockSize}`,
    '-s',
    `size=${sectorSize}`,
    '-i',
    inodes.join(','),
    '-n',
    folders.join(','),
    '-d',
    [`size=${size}`, ...stripes].join(','),
    ...(label === null ? [] : ['-L', label]),
    at,
  ])
}
