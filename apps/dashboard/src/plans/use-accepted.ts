import { useState } from 'react'

/** The ids of the warnings that were accepted. */
export function useAccepted() {
  const [accepted, setAccepted] = useState<ReadonlySet<string>>(() => new Set())
  return {
    accepted,
    accept: (id: string, isAccepted: boolean) =>
      setAccepted((now) => new Set(isAccepted ? [...now, id] : [...now].filter((other) => other !== id))),
  }
}
