import type { FilesystemRecipe } from '@varve/core/filesystems/filesystem-recipe'

/** Stands for a UUID that only an earlier step tells, in what is shown before it runs. */
export const laterUuid = '00000000-0000-0000-0000-000000000000'

/** Stands in the same way for how a filesystem was made. */
export const laterRecipe: FilesystemRecipe = {
  kind: 'ext',
  label: null,
  blockSize: 4096,
  inodeSize: 0,
  clusterSize: null,
  inodes: 0,
  usedInodes: 0,
  features: [],
  reservedShare: 0,
  errors: 'continue',
  mountOptions: 0,
  journalBytes: 0,
  stride: 0,
  stripeWidth: 0,
  ownBytes: 0,
  unmade: [],
  unkept: [],
  hasQuotas: false,
}
