import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { bundleFormat, isBandName } from './bundle-folders.ts'

/** The bundle that the file lies in, itself or among its bands; null: it lies in none. */
export async function bundleAround(file: string): Promise<string | null> {
  const folder = dirname(file)
  if (await isBundle(folder)) return folder
  if (!isBandName(folder, basename(file))) return null
  return (await isBundle(dirname(folder))) ? dirname(folder) : null
}

async function isBundle(folder: string): Promise<boolean> {
  return bundleFormat(folder, await readdir(folder).catch((): string[] => [])) !== null
}
