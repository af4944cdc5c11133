import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runToolOk } from '@varve/test-kit/tools'

/** An archive as a release has one, with these files below its folder `name`: those in `bin` can be run. Gives its name and bytes. */
export async function releaseArchive(
  folder: string,
  name: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<[name: string, bytes: Uint8Array]> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, name, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
    if (path.startsWith('bin/')) await chmod(file, 0o755)
  }
  const archive = `${name}.tar.gz`
  await runToolOk('tar', ['-czf', join(folder, archive), '-C', folder, name])
  return [archive, await readFile(join(folder, archive))]
}
