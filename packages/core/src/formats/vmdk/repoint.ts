import { readRange } from '../../binary/byte-source.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { assertSameFormat, notNameable } from '../../image/parent-image.ts'
import { changedRuns, nameLikeBefore, type NewParent, type RepointPlan } from '../../image/repoint.ts'
import { decodeDescriptor } from './descriptor-text.ts'
import { maxDescriptorSize, parseDescriptor } from './descriptor.ts'
import { readVmdkMetadata } from './metadata.ts'
import { fitsDescriptor } from './write-descriptor.ts'

/** The descriptor, embedded or a file of its own, with another `parentFileNameHint` and that parent's CID. */
export async function repointVmdk(
  file: ImageFile,
  parent: NewParent,
  ports: Pick<ImagePorts, 'files'>,
): Promise<RepointPlan> {
  const { path, source } = file
  assertSameFormat(path, 'vmdk', parent)
  const { identity } = parent.facts
  if (identity.kind !== 'content-id')
    throw notNameable(path, 'it has no CID', 'Give the new parent a CID: write it anew with varve convert.')
  const { layout, descriptor } = await readVmdkMetadata(file, ports)
  const name = nameLikeBefore(descriptor.parentFileNameHint ?? undefined, parent)
  if (!fitsDescriptor(name))
    throw notNameable(
      path,
      'its name has quotes, line ends or other characters that a descriptor cannot hold',
      'Rename the new parent.',
    )
  const range = layout?.descriptor ?? { start: 0, end: source.size }
  const old = await readRange(source, range, 'VMDK descriptor')
  const text = encoded(withParent(decodeDescriptor(old), name, identity.cid))
  const room = layout === null ? maxDescriptorSize : old.length
  if (text.length > room)
    throw notNameable(
      path,
      `its embedded descriptor has room for ${room} bytes, and ${text.length} are needed`,
      'Put the new parent where it has a shorter path.',
    )
  // What is left over is NULs in an embedded descriptor, line ends in a file.
  const now = new Uint8Array(Math.max(old.length, text.length)).fill(layout === null ? 0x0a : 0)
  now.set(text)
  parseDescriptor(now, path)
  return {
    says: [`parentFileNameHint becomes ${JSON.stringify(name)}, parentCID ${identity.cid}.`],
    writes: changedRuns(old, now, range.start),
  }
}

function withParent(text: string, name: string, cid: string): string {
  const end = text.includes('\r\n') ? '\r\n' : '\n'
  const lines = text.split(/\r\n|\n|\r/u)
  const at = (key: RegExp) => lines.findIndex((line) => key.test(line))
  const hint = `parentFileNameHint="${name}"`
  const cidAt = at(/^\s*parentCID\s*=/iu)
  if (cidAt >= 0) lines[cidAt] = `parentCID=${cid}`
  const hintAt = at(/^\s*parentFileNameHint\s*=/iu)
  if (hintAt >= 0) lines[hintAt] = hint
  else lines.splice(cidAt + 1, 0, hint)
  return lines.join(end)
}

/** In the encoding that it had, where that is plain; else in UTF-8, which it then says. */
function encoded(text: string): Uint8Array {
  const isPlain = /^[\u0000-\u007F]*$/u
  if (isPlain.test(text)) return new TextEncoder().encode(text)
  const declared = /^[ \t]*encoding[ \t]*=.*$/imu
  const said = declared.test(text)
    ? text.replace(declared, 'encoding="UTF-8"')
    : text.replace(/^(\s*version[ \t]*=.*)$/imu, '$1\nencoding="UTF-8"')
  return new TextEncoder().encode(said)
}
