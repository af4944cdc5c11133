import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runToolOk } from './tools.ts'

/** A file of sources for apt. */
export interface AptSources {
  readonly name: string
  readonly text: string
}

/** This machine's own mirrors, with the section that ZFS is in. */
export async function aptSources(): Promise<AptSources> {
  const deb822 = await readFile('/etc/apt/sources.list.d/debian.sources', 'utf8').catch(() => null)
  if (deb822 !== null)
    return {
      name: 'debian.sources',
      text: deb822.replaceAll(/^Components: .*$/gmu, 'Components: main contrib'),
    }
  const lines = await readFile('/etc/apt/sources.list', 'utf8')
  return { name: 'debian.list', text: lines.replaceAll(/^(?<line>deb .*\bmain)\b.*$/gmu, '$<line> contrib') }
}

/** The same mirrors for another release of Debian than this machine's. */
export async function aptSourcesOf(suite: string): Promise<AptSources> {
  const { name, text } = await aptSources()
  const own = /^VERSION_CODENAME=(?<own>\w+)$/mu.exec(await readFile('/etc/os-release', 'utf8'))?.groups?.[
    'own'
  ]
  return { name, text: own === undefined ? text : text.replaceAll(new RegExp(`\\b${own}\\b`, 'gu'), suite) }
}

/** Apt with lists and packages of its own below `work`: what this machine knows and has stays as it is. */
export async function privateApt(work: string, { name, text }: AptSources) {
  const [parts, lists, archives] = [join(work, 'parts'), join(work, 'lists'), join(work, 'debs')]
  for (const path of [parts, lists, archives]) await mkdir(path, { recursive: true })
  await writeFile(join(parts, name), text)
  const options = [
    ['Dir::Etc::SourceList', '/dev/null'],
    ['Dir::Etc::SourceParts', parts],
    ['Dir::State::Lists', lists],
    ['Dir::State::Status', '/dev/null'],
    ['Acquire::Languages', 'none'],
    ['APT::Sandbox::User', 'root'],
  ].map(([key, value]) => `-o${key}=${value}`)
  await runToolOk('apt-get', [...options, '-qq', 'update'])
  return {
    /** What `apt-cache` says to a question. */
    ask: async (...words: string[]) => await runToolOk('apt-cache', [...options, ...words]),
    /** Puts the files of packages into a folder, and gives that. */
    async download(packages: readonly string[]): Promise<string> {
      await runToolOk('apt-get', [...options, '-qq', 'download', ...packages], { cwd: archives })
      return archives
    },
  }
}
