import { rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { makeFolder } from '@varve/engine/system/make-folder'
import { writeError } from '@varve/engine/system/system-error'
import { makeRequest } from '@varve/trust/certificates'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { askFleet, type FleetOptions } from '../fleet.ts'
import { minute } from '../output/minute.ts'
import { printable } from '../output/text.ts'

export interface CertificateOptions extends FleetOptions {
  readonly to: string
  /** Seconds. */
  readonly valid?: number
  /** Names and addresses; none: it is a client. */
  readonly serves?: readonly string[]
}

const daySeconds = 86_400

/** `varve agents certificate NAME --to FOLDER`: the key is made here and leaves this machine to nobody. */
export async function agentsCertificate(
  name: string,
  options: CertificateOptions,
  context: CommandContext,
): Outcome {
  const { valid = daySeconds, serves = [] } = options
  const folder = resolve(options.to)
  const { key, request } = await makeRequest()
  const wish = { name, request, validSeconds: valid, serves: [...serves] }
  // Before anything is asked for that would have no place.
  await makeFolder(folder, 0o700)
  const made = await askFleet(options, context, ({ api }) => api.trust.certify.mutate(wish))
  const end = serves.length > 0 ? 'server' : 'client'
  const files = [
    { file: `${end}-key.pem`, text: key, mode: 0o600 },
    { file: `${end}-cert.pem`, text: made.chain, mode: 0o644 },
    { file: 'ca-cert.pem', text: made.roots.map((root) => `${root.trim()}\n`).join(''), mode: 0o644 },
    { file: 'ca-crl.pem', text: made.revoked, mode: 0o644 },
  ]
  for (const { file, text, mode } of files) await put(join(folder, file), text, mode)
  const names = files.map(({ file }) => file).toSorted()
  context.print(
    context.json
      ? JSON.stringify({ name, folder, files: names, notAfter: made.notAfter }, null, 2)
      : `${printable(folder)} has what ${name} needs as a ${end} until ${minute(made.notAfter)}: ${names.join(', ')}.`,
  )
  return exitCodes.ok
}

/** In the place of what was there, whole or not at all. */
async function put(path: string, text: string, mode: number): Promise<void> {
  const staged = `${path}.${process.pid}.new`
  try {
    await writeFile(staged, text.endsWith('\n') ? text : `${text}\n`, { flag: 'wx', mode })
    await rename(staged, path)
  } catch (error) {
    throw error instanceof DiskError ? error : writeError(error, path)
  }
}
