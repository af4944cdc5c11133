import type { ActOn } from '@varve/protocol/roles'
import { useCallback } from 'react'
import { mayNot, type Act } from './may-not.ts'
import { useMe } from './use-me.ts'

/** Why who is signed in may not do something, null: they may. The controller refuses all the same. */
export function useMayNot(): (act: Act, on?: readonly ActOn[]) => string | null {
  const person = useMe().data?.person ?? null
  return useCallback((act, on = []) => (person === null ? null : mayNot(person, act, on)), [person])
}

/** A button that is off, and says why on hover; null: it is on. */
export function barredBy(reason: string | null): { readonly disabled: boolean; readonly title?: string } {
  return reason === null ? { disabled: false } : { disabled: true, title: reason }
}
