import { Option } from 'commander'
import { UsageError } from '../command.ts'

/** A logical volume and its group. */
export interface VolumeChoice {
  readonly group: string
  readonly name: string
}

/** `--volume VG/LV`. */
export function volumeOption(does: string): Option {
  return new Option('--volume <vg/lv>', does).argParser(volumeOf)
}

function volumeOf(text: string): VolumeChoice {
  const found = /^([\w+.][\w+.-]*)\/([\w+.][\w+.-]*)$/u.exec(text)
  if (found) return { group: found[1] ?? '', name: found[2] ?? '' }
  throw new UsageError(`--volume takes a group and a volume, as VG/LV, not ${JSON.stringify(text)}.`)
}
