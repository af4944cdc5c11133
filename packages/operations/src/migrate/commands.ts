import { formatRules, type FormatName } from '@varve/core/image/format-rules'
import { bundleFile, isSplit, isWritable, nameOfKind } from '@varve/core/formats/writable-formats'
import { stagedPrefix, volumeDevice, type VolumeAddress } from '@varve/core/image/volume-address'
import { isOfWindows, joinPath } from '@varve/core/rules/migration-preflight'
import type { MigrateFacts } from '@varve/core/rules/migrate-facts'
import { powershellWord, shellWord } from '../plans/shown.ts'
import { targetVolume } from './landing.ts'

/** What each step does, and how somebody would do it by hand; by the ids of the plan's steps. */
export function migrateCommands(facts: MigrateFacts): Readonly<Record<string, string>> {
  const { source, options } = facts
  const { path, format } = source.report
  const volume = targetVolume(facts)
  return {
    'pre-flight': `native: inspect L0–L7 of ${path} on ${source.host}`,
    export: `native: serve L3 of ${path} over NBD, read-only${exportByHand(path, format)}`,
    measure: `native: read base:allocation of the export, predict the file size · by hand: nbdinfo --map --totals nbd://${source.host}/<export>`,
    pull: `native: NBD → ${nameOfKind(options.format, options.subformat)}, 4 MiB chunks, BLAKE3${pullByHand(facts)}`,
    verify: `native: BLAKE3 tree digest over L3 · by hand: varve digest ${shellWord(partPath(facts))}`,
    digest: `native: BLAKE3 tree digest over L3 · by hand: varve digest ${shellWord(path)}`,
    close: 'native: close the export, compare size, times and inode of its files',
    compare: 'native: compare three roots of 32 bytes',
    publish: isOfWindows(facts.target.libraryPath)
      ? `native: FlushFileBuffers, then MoveFileExW, which replaces nothing · by hand: ${publishOnWindows(facts)}`
      : `native: link(2) and unlink(2), then fsync of the folder · by hand: ${publishByHand(facts)}`,
    ...(volume && volumeCommands(facts, volume)),
  }
}

/** What is done with the volume in place of a file; its size and its own name are known once it is made. */
function volumeCommands(
  { source, options }: MigrateFacts,
  { kind, group, volume }: VolumeAddress,
): Readonly<Record<string, string>> {
  const { thinPool = null, sparse = false } = options
  const parent = volume.slice(0, volume.lastIndexOf('/') + 1)
  const staged = `${parent}${stagedPrefix}<id>`
  const device = volumeDevice({ kind, group, volume: staged })
  const size =
    thinPool === null
      ? '--wipesignatures y --zero y --size <bytes>b'
      : `--type thin --thinpool ${shellWord(thinPool)} --virtualsize <bytes>b`
  const [make, name] =
    kind === 'lvm'
      ? [
          `lvm lvcreate --yes --quiet --name ${staged} --addtag varve-made-<id> ${size} ${shellWord(group)}`,
          `lvm lvrename --quiet ${shellWord(group)} ${staged} ${shellWord(volume)}`,
        ]
      : [
          `zfs create ${sparse ? '-s ' : ''}-b <block> -V <bytes> ${group}/${staged}`,
          `zfs rename ${group}/${staged} ${shellWord(`${group}/${volume}`)}`,
        ]
  return {
    measure: `native: read base:allocation of the export, ask ${kind === 'lvm' ? 'lvm' : 'zfs'} for the room · by hand: nbdinfo --map --totals nbd://${source.host}/<export>`,
    make,
    pull: `native: NBD → device, 4 MiB chunks, BLAKE3 · by hand: qemu-img convert -n -f raw -O raw nbd://${source.host}/<export> ${device}`,
    verify: `native: BLAKE3 tree digest over L3 · by hand: varve digest ${device}`,
    publish: name,
  }
}

function exportByHand(path: string, format: FormatName): string {
  const { qemuDriver } = formatRules[format]
  return qemuDriver === null
    ? ''
    : ` · by hand: qemu-nbd --read-only --persistent --shared=0 --format=${qemuDriver} ${shellWord(path)}`
}

function pullByHand(facts: MigrateFacts): string {
  const { format, subformat, compression } = facts.options
  const { qemuDriver } = formatRules[format]
  // QEMU writes no bundles.
  if (qemuDriver === null || (isWritable(format) && bundleFile(format, subformat) !== null)) return ''
  const compress = compression === 'none' ? '' : `-c -o compression_type=${compression} `
  const source = `nbd://${facts.source.host}/<export>`
  return ` · by hand: qemu-img convert -W -m 16 -f raw -O ${qemuDriver} ${compress}${kindOption(format, subformat)}${source} ${shellWord(partPath(facts))}`
}

/** QEMU has an option of its own for VDI, and a subformat everywhere else. */
function kindOption(format: FormatName, subformat: string | null): string {
  if (subformat === null) return ''
  if (format === 'vdi') return subformat === 'fixed' ? '-o static=on ' : ''
  return `-o subformat=${subformat} `
}

/** What is pulled lies there until it gets its name. */
function hiddenPath({ target, options }: MigrateFacts): string {
  return joinPath(target.libraryPath, `.${options.name}.<id>.part`)
}

/** The file that is the image, in a hidden folder where the kind has several. */
function partPath(facts: MigrateFacts): string {
  const { format, subformat, name } = facts.options
  if (!isWritable(format)) return hiddenPath(facts)
  const file = isSplit(format, subformat) ? name : bundleFile(format, subformat)
  return file === null ? hiddenPath(facts) : joinPath(hiddenPath(facts), file)
}

/** Move-Item replaces nothing but by -Force. */
function publishOnWindows(facts: MigrateFacts): string {
  const { target, options } = facts
  const hidden = hiddenPath(facts)
  return isWritable(options.format) && isSplit(options.format, options.subformat)
    ? `Move-Item -Path ${powershellWord(`${hidden}\\*`)} -Destination ${powershellWord(target.libraryPath)}`
    : `Move-Item -LiteralPath ${powershellWord(hidden)} -Destination ${powershellWord(joinPath(target.libraryPath, options.name))}`
}

function publishByHand(facts: MigrateFacts): string {
  const { target, options } = facts
  const hidden = shellWord(hiddenPath(facts))
  return isWritable(options.format) && isSplit(options.format, options.subformat)
    ? `mv --no-clobber ${hidden}/* ${shellWord(target.libraryPath)}`
    : `mv --no-clobber ${hidden} ${shellWord(joinPath(target.libraryPath, options.name))}`
}
