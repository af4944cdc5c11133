import type { Field } from '@varve/core/binary/fields'

/** 64 bits as they are: magic numbers, cookies and offsets that nobody has checked yet. */
export const u64wire: Field<bigint> = {
  size: 8,
  read: (view, at) => view.getBigUint64(at),
  write: (view, at, value) => view.setBigUint64(at, value),
}
