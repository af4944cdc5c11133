import { xfsFeatures, type FilesystemRecipe } from '@varve/core/filesystems/filesystem-recipe'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'

const Words = z.array(z.string().max(200)).max(100)
const Label = z
  .string()
  .min(1)
  .max(16)
  .refine((label) => !label.includes('\0') && new TextEncoder().encode(label).length <= 16)
const Count = z
  .number()
  .int()
  .min(0)
  .max(2 ** 32 - 1)

const Ext = z.lazy(() =>
  z.object({
    kind: z.literal('ext'),
    label: Label.nullable(),
    blockSize: z.union([1024, 2048, 4096, 8192, 16_384, 32_768, 65_536].map((size) => z.literal(size))),
    inodeSize: Count,
    clusterSize: Count.nullable(),
    inodes: Count,
    usedInodes: Count,
    features: z.array(z.string().regex(/^[a-z0-9_]{1,30}$/u)).max(64),
    reservedShare: z.number().min(0).max(0.5),
    errors: z.enum(['continue', 'remount-ro', 'panic']),
    mountOptions: Count,
    journalBytes: Bytes,
    stride: Count,
    stripeWidth: Count,
    ownBytes: Bytes,
    unmade: Words,
    unkept: Words,
    hasQuotas: z.boolean(),
  }),
)

const Xfs = z.lazy(() =>
  z.object({
    kind: z.literal('xfs'),
    label: Label.nullable(),
    blockSize: Count,
    sectorSize: Count,
    inodeSize: Count,
    folderBlockSize: Count,
    inodeShare: z.number().int().min(0).max(100),
    stripeUnit: Bytes,
    stripeWidth: Bytes,
    logBytes: Bytes,
    groups: Count,
    features: z.record(z.enum(xfsFeatures), z.boolean()),
    unmade: Words,
    unkept: Words,
    hasQuotas: z.boolean(),
  }),
)

/** What it takes to make another filesystem that is like one, see core's `FilesystemRecipe`. */
export const Recipe: z.ZodType<FilesystemRecipe> = z.lazy(() =>
  z.discriminatedUnion('kind', [Ext.unwrap(), Xfs.unwrap()]),
)
