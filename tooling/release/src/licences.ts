import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '@varve/bundle/programs'
import type { InstalledPackage } from './packages.ts'
import { ReleaseError } from './release-error.ts'
import { byCodeUnits } from './tree.ts'

const isLicence = /^(?:licen[cs]e|copying|notice|copyright)/iu

/** The licence of a package and its text. */
export interface Licence {
  readonly id: string
  readonly text: string
}

/**
 * The licence of a package with all texts that it comes with; of one that comes without and says a well-known
 * licence, the text of that with its author. `spare`: of a package that does not say its licence, and whose text lies in another one.
 */
export async function licenceOf(
  { name, version, folder, licence, author }: InstalledPackage,
  spare?: { readonly id: string; readonly folder: string },
): Promise<Licence> {
  const id = licence ?? spare?.id
  if (id === undefined) throw new ReleaseError(`${name} ${version} does not say its licence.`)
  const own = await textsIn(folder)
  const texts = own.length === 0 && spare ? await textsIn(spare.folder) : own
  if (texts.length > 0) return { id, text: texts.join('\n\n') }
  const holder = author ?? `the authors of ${name}`
  const known = id === 'Apache-2.0' ? await readFile(join(root, 'LICENSE'), 'utf8') : wellKnown[id]
  if (known === undefined)
    throw new ReleaseError(`${name} ${version} (${id}) comes without its licence’s text.`)
  return { id, text: `${id}\n\nCopyright (c) ${holder}\n\n${known}` }
}

async function textsIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => isLicence.test(name)).sort(byCodeUnits)
  return await Promise.all(names.map(async (name) => (await readFile(join(folder, name), 'utf8')).trim()))
}

const disclaimer = `THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`

const wellKnown: Readonly<Record<string, string>> = {
  MIT: `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

${disclaimer}`,
  ISC: `Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH
REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY
AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM
LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR
OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
PERFORMANCE OF THIS SOFTWARE.`,
}
