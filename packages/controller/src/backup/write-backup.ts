import { createReadStream, createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Encrypter } from 'age-encryption'
import { createTarPacker } from 'modern-tar'
import { factsName, type BackupFacts } from './backup-facts.ts'

/** A part and the file that its bytes are read from. */
export interface PartSource {
  readonly name: string
  readonly path: string
}

export interface WriteOptions {
  readonly encrypter: Encrypter
  readonly signal: AbortSignal
}

/** Writes a backup to a new file and flushes it: a tar archive, packed by gzip, encrypted by age. Memory does not grow with its size. */
export async function writeBackup(
  file: string,
  { facts, sources }: { readonly facts: BackupFacts; readonly sources: ReadonlyMap<string, string> },
  { encrypter, signal }: WriteOptions,
): Promise<void> {
  const packer = createTarPacker()
  const packing = pack(packer.controller, facts, sources).catch((error: unknown) => {
    packer.controller.error(error)
    throw error
  })
  const writing = pipeline(
    Readable.fromWeb(packer.readable as never),
    createGzip({ level: 1 }),
    async function* (packed: AsyncIterable<Uint8Array>) {
      yield* await encrypter.encrypt(ReadableStream.from(packed))
    },
    createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }),
    { signal },
  )
  const [written, packed] = await Promise.allSettled([writing, packing])
  signal.throwIfAborted()
  if (packed.status === 'rejected' && written.status === 'fulfilled') throw packed.reason
  if (written.status === 'rejected') throw written.reason
}

type Packing = ReturnType<typeof createTarPacker>['controller']

async function pack(
  packing: Packing,
  facts: BackupFacts,
  sources: ReadonlyMap<string, string>,
): Promise<void> {
  const mtime = new Date(facts.at)
  const text = Buffer.from(`${JSON.stringify(facts, null, 2)}\n`)
  const writer = packing.add({ name: factsName, size: text.length, mode: 0o600, mtime }).getWriter()
  await writer.write(text)
  await writer.close()
  for (const { name, size } of facts.parts) {
    const path = sources.get(name)
    if (path === undefined) throw new Error(`${name} comes from nowhere`)
    const body = packing.add({ name, size, mode: 0o600, mtime })
    await Readable.toWeb(createReadStream(path, { highWaterMark: 256 * 1024 })).pipeTo(body as never)
  }
  packing.finalize()
}
