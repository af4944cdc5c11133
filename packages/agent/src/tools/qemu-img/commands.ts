import type { ToolCommand } from '../tool-command.ts'
import type { WritableFormat } from '@varve/core/formats/writable-formats'
import { formatRules, type FormatName } from '@varve/core/image/format-rules'
import { checkOutput, convertProgress, type CheckOutput } from './output.ts'

/** A walk through the tables of a large image, or its repair, may say nothing for long: what it reads and writes shows that it works. */
const silence = (path: string) => ({ ms: 60_000, files: [path], io: true })

export interface RepairCheck {
  /** Absolute: only then does qemu-img take no part of it for a protocol or for JSON. */
  readonly path: string
  readonly format: string
  readonly what: 'leaks' | 'all'
}

/** `qemu-img check -r`, which changes the image in place. */
export function repairCheck({ path, format, what }: RepairCheck): ToolCommand<CheckOutput> {
  return {
    tool: 'qemu-img',
    args: ['check', '-f', format, '--output=json', '-r', what, '--', path],
    // 2: corruptions are left, 3: leaks are left.
    expected: [0, 2, 3],
    silence: silence(path),
    parse: checkOutput,
  }
}

/** `qemu-img check`, which only reads; of an overlay only its own file. */
export function checkCommand({
  path,
  format,
}: {
  /** Absolute. */
  readonly path: string
  readonly format: FormatName
}): ToolCommand<CheckOutput> {
  return {
    tool: 'qemu-img',
    args: ['check', '--output=json', ...imageAlone(path, format)],
    // 2: corruptions, 3: leaks.
    expected: [0, 2, 3],
    silence: silence(path),
    parse: checkOutput,
  }
}

/** The parents of an overlay are not opened: they would be found by what it says, and their formats guessed. */
function imageAlone(path: string, format: FormatName): string[] {
  const driver = driverOf(format)
  if (!['qcow2', 'qed', 'vmdk'].includes(driver)) return ['-f', driver, '--', path]
  const node = { driver, file: { driver: 'file', filename: path }, backing: null }
  return [`json:${JSON.stringify(node)}`]
}

export interface ImageConversion {
  /** Absolute. */
  readonly source: { readonly path: string; readonly format: FormatName }
  /** Absolute; `kind`: such as `fixed`, null where the format has one kind only. */
  readonly target: { readonly path: string; readonly format: WritableFormat; readonly kind: string | null }
}

/** `qemu-img convert` between formats that are said: nothing is guessed from what a guest wrote. */
export function convertCommand({ source, target }: ImageConversion): ToolCommand<null> {
  const options = creationOptions(target)
  return {
    tool: 'qemu-img',
    args: [
      'convert',
      '-p',
      '-f',
      driverOf(source.format),
      '-O',
      driverOf(target.format),
      ...(options === null ? [] : ['-o', options]),
      '--',
      source.path,
      target.path,
    ],
    silence: { ms: 60_000, files: [target.path], io: true },
    progress: convertProgress,
    parse: () => null,
  }
}

function driverOf(format: FormatName): string {
  return formatRules[format].qemuDriver ?? format
}

/** The options of qemu-img(1) that make that kind; a VHD is as large as was asked for, not as its geometry. */
function creationOptions({ format, kind }: ImageConversion['target']): string | null {
  switch (format) {
    case 'vdi':
      return `static=${kind === 'fixed' ? 'on' : 'off'}`
    case 'vhd':
      return `subformat=${kind},force_size=on`
    case 'vhdx':
    case 'vmdk':
      return `subformat=${kind}`
    default:
      return null
  }
}

export type SnapshotDeed = 'create' | 'apply' | 'delete'
const snapshotFlags: Readonly<Record<SnapshotDeed, string>> = { create: '-c', apply: '-a', delete: '-d' }

/**
 * `qemu-img snapshot` on a qcow2 that is named as one: no byte that a guest wrote can make it another format, and no name
 * of a file is taken for a driver.
 */
export function snapshotCommand(
  deed: SnapshotDeed,
  { path, name }: { readonly path: string; readonly name: string },
): ToolCommand<null> {
  return {
    tool: 'qemu-img',
    args: ['snapshot', '--image-opts', snapshotFlags[deed], name, qcow2Options(path)],
    silence: silence(path),
    parse: () => null,
  }
}

/** The file as a block device of QEMU; a comma is doubled (qemu-img(1), `--image-opts`). */
function qcow2Options(path: string): string {
  return `driver=qcow2,file.driver=file,file.filename=${path.replaceAll(',', ',,')}`
}
