import { DiskError } from '@varve/core/problems/disk-error'
import { ScriptError } from './script-error.ts'

/** Codes of the system, in every language (winerror.h, virtdisk). */
const reasons: Readonly<Record<string, string>> = {
  '0x80070002': 'it is not there',
  '0x80070003': 'its folder is not there',
  '0x80070005': 'Windows denies it to this user; start the PowerShell or the agent as an administrator',
  '0x80070522': 'a privilege is missing; start the PowerShell or the agent as an administrator',
  '0xC03A0012': 'the size is not one that its format can have',
  '0xC03A000E': 'its parent is another one than it was made over',
  '0xC03A0017': 'its parent has another size than it was made over',
  '0xC03A001A':
    'Windows refuses virtual disks in files that are compressed, encrypted or sparse; copy it, or clear that with compact /u, cipher /d or fsutil sparse setflag FILE 0',
}

/** What a script failed with as an error about a file; what is no failure of a script stays as it is. */
export function scriptProblem(error: unknown, file: string): unknown {
  if (!(error instanceof ScriptError)) return error
  const { codes, category, id, message } = error.failure
  const has = (code: string) => codes.includes(code)
  if (has('0x80070020') || category === 'ResourceBusy' || category === 'ResourceExists')
    return new DiskError('in-use', { file, by: 'what Windows or Hyper-V has open' }, { cause: error })
  if (has('0x80070070'))
    return new DiskError('no-space', { file, wanted: null, available: null }, { cause: error })
  const known = codes.map((code) => reasons[code]).find((reason) => reason !== undefined)
  const said = `${message.trim()} (${id}${codes.length === 0 ? '' : `, ${codes.join(' ')}`})`
  return new DiskError(
    'tool-failed',
    { file, tool: 'PowerShell', exitCode: null, stderr: known === undefined ? said : `${known}: ${said}` },
    { cause: error },
  )
}
