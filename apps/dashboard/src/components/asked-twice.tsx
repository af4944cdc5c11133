import { Button } from '@mantine/core'
import { useState, type ReactNode } from 'react'

interface AskedTwiceProps {
  readonly word: string
  /** What it is about, where that does not follow from the word. */
  readonly label?: string
  /** What the second press says. */
  readonly surely: ReactNode
  /** What it does, on hover. */
  readonly about?: string
  /** Left out: it takes something away. */
  readonly tone?: 'bad' | 'plain'
  readonly isBusy: boolean
  /** Why it may not be pressed. */
  readonly barred?: string | null
  readonly onSure: () => void
}

/** A button that must be pressed twice; leaving it forgets the first time. */
export function AskedTwice(props: AskedTwiceProps) {
  const { word, label, surely, about, tone = 'bad', isBusy, barred = null, onSure } = props
  const [isAsked, setAsked] = useState(false)
  const press = () => {
    setAsked(!isAsked)
    if (isAsked) onSure()
  }
  return (
    <Button
      {...(tone === 'bad' && { color: 'bad' })}
      aria-label={isAsked ? undefined : label}
      loading={isBusy}
      disabled={barred !== null}
      title={barred ?? about}
      onClick={press}
      onBlur={() => setAsked(false)}
    >
      {isAsked ? surely : word}
    </Button>
  )
}
