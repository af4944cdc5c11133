import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { gzipSync } from 'node:zlib'
import { packTar } from 'modern-tar'
import { redactor } from './redact.ts'
import { secretsIn, supportFacts, type SupportSource } from './support-facts.ts'

export interface BundleOptions extends SupportSource {
  /** Logs whose ends are put in. */
  readonly logs: readonly string[]
  /** What is a secret beside those in the data folder. */
  readonly secrets: readonly string[]
}

/** Of a log its newest bytes. */
const mostLogBytes = 4 * 1024 ** 2

const readme = `What a Varve controller can tell to those who look for a fault. Secrets (keys, tokens, names of exports,
passphrases) were taken out; names of hosts, libraries, images and paths are in it, as in the logs.
Look at it before you give it away: it is text.
`

/** The archive (tar.gz): one JSON document for each kind of facts, and logs, all without secrets. */
export async function supportBundle(options: BundleOptions): Promise<Buffer> {
  const redact = redactor([...options.secrets, ...secretsIn(options.data)])
  const files: [string, string][] = [['README.txt', readme]]
  for (const [name, facts] of Object.entries(supportFacts(options)))
    files.push([`${name}.json`, `${redact(JSON.stringify(facts, null, 2))}\n`])
  for (const [index, path] of options.logs.entries())
    files.push([`logs/${index + 1}-${nameOf(path)}`, redact(endOf(path))])
  const mtime = new Date(options.now())
  const entries = files.map(([name, text]) => {
    const body = Buffer.from(text)
    return { header: { name: `varve-support/${name}`, size: body.length, mode: 0o600, mtime }, body }
  })
  return gzipSync(await packTar(entries))
}

function nameOf(path: string): string {
  return basename(path)
    .replaceAll(/[^\w.-]/gu, '_')
    .slice(0, 60)
}

/** Whole lines from the end of a log; throws what the system says when it cannot be read. */
function endOf(path: string): string {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const from = Math.max(0, size - mostLogBytes)
    const bytes = Buffer.alloc(size - from)
    const length = readSync(file, bytes, 0, bytes.length, from)
    const text = bytes.subarray(0, length).toString('utf8')
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1)
  } finally {
    closeSync(file)
  }
}
