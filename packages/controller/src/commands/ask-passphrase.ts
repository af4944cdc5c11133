import { DiskError } from '@varve/core/problems/disk-error'

/** A terminal to ask at: what is typed is not shown. */
export interface Terminal {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
}

/** Asks for a passphrase; `twice`: for a new one, which is wanted again. Throws `refused` when both differ. */
export async function askPassphrase(
  terminal: Terminal,
  { twice }: { readonly twice: boolean },
): Promise<string> {
  const passphrase = await askHidden(terminal, twice ? 'New passphrase of the backup: ' : 'Passphrase: ')
  if (twice && (await askHidden(terminal, 'Again: ')) !== passphrase)
    throw new DiskError('refused', {
      file: 'passphrase',
      layer: 'L1',
      reason: 'the two are not the same',
      remedy: 'Start again.',
    })
  return passphrase
}

const [end, erase, backspace] = ['\u0004', '\u007F', '\b']

async function askHidden({ input, output }: Terminal, question: string): Promise<string> {
  output.write(question)
  input.setRawMode(true)
  input.setEncoding('utf8')
  input.resume()
  try {
    return await new Promise<string>((resolve, reject) => {
      let typed = ''
      const stop = (settle: () => void) => {
        input.off('data', take)
        settle()
      }
      const take = (text: string) => {
        for (const letter of text) {
          if (letter === '\r' || letter === '\n' || letter === end) return stop(() => resolve(typed))
          if (letter === '\u0003')
            return stop(() => reject(new DiskError('canceled', { file: 'passphrase', what: 'the command' })))
          typed =
            letter === erase || letter === backspace
              ? Array.from(typed).slice(0, -1).join('')
              : typed + letter
        }
      }
      input.on('data', take)
    })
  } finally {
    input.setRawMode(false)
    input.pause()
    output.write('\n')
  }
}
