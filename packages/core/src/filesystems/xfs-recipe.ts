import { ascii, bytes, u16be, u32be, u64be, u8 } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { exactLabel, type FilesystemRecipe } from './filesystem-recipe.ts'

/** XFS Algorithms & Data Structures, chapter "Superblocks"; what a new filesystem is made with. */
const making = struct('XFS superblock', 264, {
  magic: [0, ascii(4)],
  blockSize: [4, u32be],
  realtimeBlocks: [16, u64be],
  logStart: [48, u64be],
  groups: [88, u32be],
  logBlocks: [96, u32be],
  version: [100, u16be],
  sectorSize: [102, u16be],
  inodeSize: [104, u16be],
  label: [108, bytes(12)],
  inodeShare: [127, u8],
  quotas: [176, u16be],
  stripeUnit: [184, u32be],
  stripeWidth: [188, u32be],
  folderBlockLog: [192, u8],
  features2: [200, u32be],
  readOnlyFeatures: [212, u32be],
  incompatible: [216, u32be],
})

const versions = { attributes: 0x10, stripes: 0x80, log2: 0x400, folders2: 0x2000, foldedNames: 0x4000 }
const features2 = { lazyCounts: 0x2, attributes2: 0x8, projects32: 0x80, types: 0x200 }
const readOnly = { freeInodes: 0x1, reverse: 0x2, shared: 0x4, inodeCounts: 0x8 }
const incompatible = { types: 0x1, sparseInodes: 0x2, otherUuid: 0x4, bigTimes: 0x8, bigCounts: 0x20 }
const known = {
  readOnly: 0x1 | 0x2 | 0x4 | 0x8,
  incompatible: 0x1 | 0x2 | 0x4 | 0x8 | 0x20,
}
/** In words, where there is one. */
const unmadeNames: Readonly<Record<string, string>> = {
  'incompatible 0x10': 'needsrepair (it waits for xfs_repair)',
  'incompatible 0x40': 'exchange',
  'incompatible 0x80': 'parent',
  'incompatible 0x100': 'metadir',
}

/** How one makes another XFS like that; null where it is none. */
export async function readXfsRecipe(region: GuestRegion): Promise<FilesystemRecipe | null> {
  const head = await region.peek(0, making.size)
  if (!head || head[0] !== 0x58 || head[1] !== 0x46 || head[2] !== 0x53 || head[3] !== 0x42) return null
  const made = making.read(head, region.name)
  const isVersion5 = (made.version & 0xf) === 5
  const has = (word: number, bit: number) => (word & bit) !== 0
  const has5 = (word: number, bit: number) => isVersion5 && has(word, bit)
  const label = exactLabel(made.label)
  const { readOnlyFeatures, incompatible: broken } = made
  const has2 = (bit: number) => has(made.features2, bit)
  return {
    kind: 'xfs',
    label: label ?? null,
    blockSize: made.blockSize,
    sectorSize: made.sectorSize,
    inodeSize: made.inodeSize,
    folderBlockSize: made.folderBlockLog > 7 ? 0 : made.blockSize * 2 ** made.folderBlockLog,
    inodeShare: Math.min(100, made.inodeShare),
    stripeUnit: has(made.version, versions.stripes) ? made.stripeUnit * made.blockSize : 0,
    stripeWidth: has(made.version, versions.stripes) ? made.stripeWidth * made.blockSize : 0,
    logBytes: made.logBlocks * made.blockSize,
    groups: made.groups,
    features: {
      crc: isVersion5,
      finobt: has5(readOnlyFeatures, readOnly.freeInodes),
      rmapbt: has5(readOnlyFeatures, readOnly.reverse),
      reflink: has5(readOnlyFeatures, readOnly.shared),
      inobtcount: has5(readOnlyFeatures, readOnly.inodeCounts),
      bigtime: has5(broken, incompatible.bigTimes),
      sparse: has5(broken, incompatible.sparseInodes),
      nrext64: has5(broken, incompatible.bigCounts),
      ftype: isVersion5 ? has(broken, incompatible.types) : has2(features2.types),
      ci: has(made.version, versions.foldedNames),
    },
    unmade: [
      ...(isVersion5
        ? [
            ...unknownBits('read-only', readOnlyFeatures, known.readOnly),
            ...unknownBits('incompatible', broken, known.incompatible),
          ]
        : [
            ...(has(made.version, versions.folders2) ? [] : ['folders of version 1']),
            ...(has2(features2.attributes2) ? [] : ['attributes of version 1']),
            ...(has2(features2.lazyCounts) ? [] : ['counts that are not lazy']),
            ...(has(made.version, versions.log2) ? [] : ['a log of version 1']),
            ...(has2(features2.projects32) ? [] : ['project numbers of 16 bits']),
          ]),
      ...(made.realtimeBlocks > 0 ? ['a realtime section'] : []),
      ...(made.logStart === 0 ? ['a log on another disk'] : []),
    ],
    unkept: label === undefined ? ['its label, which is not text'] : [],
    hasQuotas: made.quotas !== 0,
  }
}

function unknownBits(set: string, bits: number, mask: number): string[] {
  const found: string[] = []
  for (let bit = 0; bit < 32; bit += 1) {
    const one = 2 ** bit
    if (Math.floor(bits / one) % 2 === 0 || Math.floor(mask / one) % 2 === 1) continue
    const own = `${set} 0x${one.toString(16)}`
    found.push(unmadeNames[own] ?? own)
  }
  return found
}
