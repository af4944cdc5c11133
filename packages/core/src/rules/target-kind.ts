import { rulesOf, type WritableFormat } from '../formats/writable-formats.ts'
import { quote } from '../problems/disk-error.ts'

/** Why a migration cannot write `format` of the kind `subformat` (null: its usual one), with the remedy; null when it can. */
export function targetKindFault(
  format: WritableFormat,
  subformat: string | null,
): { readonly reason: string; readonly remedy: string } | null {
  const kinds = rulesOf(format).subformats
  if (subformat === null || kinds.includes(subformat)) return null
  return {
    reason: `a migration cannot write ${format} of the kind ${quote(subformat)}`,
    remedy: kinds.length > 1 ? `Choose ${kinds.join(' or ')}.` : 'Leave the kind out: there is one only.',
  }
}
