import { DiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import { promisedFormat, readFileEnds, recogniseFormat } from '../../image/detect-format.ts'
import { formatRules, type FormatName } from '../../image/format-rules.ts'
import type { ImageFile, ImageFiles, ImagePorts } from '../../image/image-files.ts'
import { takenProblem } from '../../image/open-reference.ts'
import { joinedSource } from './chunked-source.ts'
import { normalName } from './member-names.ts'
import type { OvfDisk, OvfFile } from './ovf.ts'
import { virtualFile, type FoundFile, type PackageFiles } from './package-files.ts'

/** Chunks of one file, at most. */
const maxChunks = 1000
/** Files that fit a reference alike and are named, at most. */
const mostCandidates = 4
/** What descriptions say of files packed with gzip; some say nothing. */
const packedByGzip: ReadonlySet<string> = new Set(['gzip', 'identity'])
const gzipMagic = [0x1f, 0x8b]

/** A disk of a package, to be opened as an image of its own. */
export interface PackageDisk {
  readonly path: string
  readonly format: FormatName
  /** Ports that know the files of the package. */
  readonly ports: ImagePorts
  /** Close what was made to read it. */
  readonly opened: AsyncDisposable
  /** What reading it showed about how it is packed. */
  readonly problems: readonly Problem[]
}

/** The names by which a disk is asked for. */
export function namesOf(disk: OvfDisk): readonly string[] {
  return [disk.diskId, ...(disk.file ? [disk.file.href] : []), `disk${disk.number}`]
}

/** The disk that is meant: by its id, its file or its number; the first with a file when none is named. Throws `refused`. */
export function chooseDisk(disks: readonly OvfDisk[], wanted: string | undefined, file: string): OvfDisk {
  if (wanted === undefined) {
    const [first] = [
      ...disks.filter(({ file, isDisc }) => file && !isDisc),
      ...disks.filter(({ file }) => file),
    ]
    if (first) return first
    const reason =
      disks.length === 0 ? 'its OVF description names no disk' : 'no disk of its OVF description has a file'
    throw new DiskError('refused', { file, reason, remedy: 'Export the machine again.' })
  }
  const isMeant: readonly ((disk: OvfDisk) => boolean)[] = [
    ({ diskId }) => diskId === wanted,
    ({ file }) => file !== null && normalName(file.href) === normalName(wanted),
    ({ file }) => file !== null && lastName(file.href) === lastName(wanted),
    ({ number }) => wanted.toLowerCase() === `disk${number}`,
    ({ diskId, file }) =>
      [diskId, lastName(file?.href ?? '')].some((name) => name.toLowerCase() === wanted.toLowerCase()),
  ]
  for (const test of isMeant) {
    const [only, ...others] = disks.filter(test)
    if (only && others.length === 0) return only
  }
  const known = disks
    .slice(0, 16)
    .map((disk) => `disk${disk.number} (${disk.file?.href ?? `${disk.diskId}, empty`})`)
  const reason = `it has no disk ${JSON.stringify(wanted)}; it has ${known.join(', ')}`
  throw new DiskError('refused', { file, reason, remedy: 'Name one of them, as in machine.ova:disk2.' })
}

function lastName(href: string): string {
  return (normalName(href) ?? '').split('/').at(-1) ?? ''
}

/** The file of a disk; null for one that starts empty. Throws when neither its file nor its capacity is known. */
export function fileOfDisk({ file, fileRef, capacity, diskId }: OvfDisk, image: string): OvfFile | null {
  if (file) return file
  if (fileRef !== null) throw new DiskError('extent-file-missing', { file: image, extent: fileRef })
  if (capacity !== null) return null
  const reason = `its description says neither a file nor a capacity of the disk ${JSON.stringify(diskId)}`
  throw new DiskError('refused', { file: image, reason, remedy: 'Export the machine again.' })
}

interface Package {
  readonly image: ImageFile
  readonly files: PackageFiles
  readonly ports: ImagePorts
}

/** Makes the file of a disk readable: found, joined of its chunks, unpacked. Throws a coded error when it is not there. */
export async function packageDisk(
  { image, files, ports }: Package,
  disk: OvfDisk,
  file: OvfFile,
): Promise<PackageDisk> {
  await using stack = new AsyncDisposableStack()
  const problems: Problem[] = []
  const found = await findContent(files, file, image.path)
  let content = stack.use(
    found.length === 1 && found[0]
      ? await files.files.open(found[0].path)
      : await joined(image, files, found),
  )
  let name = found[0]?.name ?? file.href
  const isVerified = files.kind === 'archive' || file.size === content.source.size
  const taken = { file: content, written: file.href, by: found[0]?.by ?? null }
  const other = takenProblem(taken, { from: image.path, isVerified })
  if (other) problems.push(other)
  if (file.compression !== 'identity' || (await isGzip(content))) {
    if (file.compression === 'identity')
      problems.push(
        remark(
          image.path,
          'ova-packed-unsaid',
          `${file.href} is packed with gzip, which its description does not say.`,
        ),
      )
    content = stack.use(await unpacked({ image, ports }, file, content))
    name = name.replace(/\.gz$/iu, '')
  }
  const format = await formatOf(content, { disk, name, file: image.path, problems })
  const { path } = content
  const isOwnFile = found.length === 1 && path === found[0]?.path
  const release = stack.move()
  return {
    path,
    format,
    ports: { ...ports, files: isOwnFile ? files.files : withFile(files.files, content) },
    opened: { [Symbol.asyncDispose]: () => release.disposeAsync() },
    problems,
  }
}

/** A disk of a package that is packed as a whole, and is not unpacked here. */
export interface SealedDisk {
  readonly file: string
  /** Bytes of the packed file. */
  readonly size: number
  /** What its name or its description promises, or null. */
  readonly format: FormatName | null
}

/** Null unless the disk is packed with gzip and `ports` do not unpack. */
export async function sealedDisk(
  { image, files, ports }: Package,
  disk: OvfDisk,
  file: OvfFile,
): Promise<SealedDisk | null> {
  if (ports.unpack || !packedByGzip.has(file.compression)) return null
  const [first, ...others] = await findContent(files, file, image.path)
  if (!first) return null
  await using content = await files.files.open(first.path)
  if (!(await isGzip(content))) return null
  const name = first.name.replace(/(?:\.\d{9})?$/u, '').replace(/\.gz$/iu, '')
  const size = others.length === 0 ? content.source.size : (file.size ?? content.source.size)
  return { file: file.href, size, format: promisedFormat(name) ?? disk.format }
}

/** The file, or its chunks `name.000000000`, `name.000000001` and so on (clause 7.1). */
async function findContent(files: PackageFiles, file: OvfFile, image: string): Promise<readonly FoundFile[]> {
  const whole = file.chunkSize === null ? await files.find(file.href) : null
  const found: FoundFile[] = whole ? [whole] : []
  while (!whole && file.chunkSize !== null && found.length < maxChunks) {
    const chunk = await files.find(`${file.href}.${String(found.length).padStart(9, '0')}`)
    if (!chunk) break
    found.push(chunk)
  }
  if (found.length === 0)
    throw new DiskError('extent-file-missing', {
      file: image,
      extent: file.href,
      candidates: files.alike(file.href).slice(0, mostCandidates),
    })
  return found
}

async function joined(
  image: ImageFile,
  { files }: PackageFiles,
  found: readonly FoundFile[],
): Promise<ImageFile> {
  await using stack = new AsyncDisposableStack()
  const parts: ImageFile[] = []
  for (const { path } of found) parts.push(stack.use(await files.open(path)))
  const path = (found[0]?.path ?? image.path).replace(/\.\d{9}$/u, '')
  const file = virtualFile(
    image,
    path,
    joinedSource(
      parts.map(({ source }) => source),
      path,
    ),
  )
  const release = stack.move()
  return { ...file, [Symbol.asyncDispose]: () => release.disposeAsync() }
}

async function isGzip({ source }: ImageFile): Promise<boolean> {
  if (source.size < 18) return false
  const head = new Uint8Array(3)
  await source.readInto(head, 0)
  return head[0] === gzipMagic[0] && head[1] === gzipMagic[1] && head[2] === 8
}

async function unpacked(
  { image, ports }: Pick<Package, 'image' | 'ports'>,
  { href, compression }: OvfFile,
  content: ImageFile,
): Promise<ImageFile> {
  if (!packedByGzip.has(compression) || !ports.unpack || !(await isGzip(content))) {
    const feature = `a disk compressed as a whole (${compression}, ${href})`
    throw new DiskError('unsupported-feature', { file: image.path, format: 'OVA', feature })
  }
  const path = content.path.replace(/\.gz$/iu, '')
  const whole = await ports.unpack({ file: image, source: content.source, packing: 'gzip' })
  const file = virtualFile(image, path === content.path ? `${path}!` : path, whole.source)
  return { ...file, [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose]() }
}

interface Told {
  readonly disk: OvfDisk
  readonly name: string
  readonly file: string
  readonly problems: Problem[]
}

/** What its bytes say; else what its name or its description promises, so that a damaged disk is refused; else raw. */
async function formatOf({ source }: ImageFile, { disk, name, file, problems }: Told): Promise<FormatName> {
  const recognised = recogniseFormat(await readFileEnds(source))
  if (recognised === 'ova') {
    const feature = `a package inside a package (${name})`
    throw new DiskError('unsupported-feature', { file, format: 'OVA', feature })
  }
  if (recognised && disk.format && disk.format !== recognised) {
    const labels = [formatRules[disk.format].label, formatRules[recognised].label]
    problems.push({
      ...remark(
        file,
        'ova-format-differs',
        `The description says that ${name} is ${labels[0]}, but it is ${labels[1]}; it is read as that.`,
      ),
      severity: 'warn',
    })
  }
  return recognised ?? promisedFormat(name) ?? disk.format ?? 'raw'
}

function withFile(files: ImageFiles, file: ImageFile): ImageFiles {
  return {
    ...files,
    // The disk stays the package's: whoever opens it here does not close it.
    open: async (path) =>
      path === file.path ? { ...file, async [Symbol.asyncDispose]() {} } : files.open(path),
  }
}

function remark(file: string, id: string, message: string): Problem {
  return {
    id,
    severity: 'info',
    layer: 'L2',
    file,
    message,
    remedy: 'Nothing has to be done to read it; export the machine again if another program refuses it.',
  }
}
