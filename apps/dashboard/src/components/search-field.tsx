import { TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useState, type RefObject } from 'react'
import { filterSearchClass } from './filter-row.tsx'

interface SearchFieldProps {
  readonly label: string
  readonly placeholder: string
  /** What is searched for now, as it stands in the URL. */
  readonly value: string
  /** The words, once typing pauses. */
  readonly onSettled: (words: string) => void
  /** Enter or Escape: the keys are to go to what was searched. */
  readonly onLeave?: () => void
  readonly input?: RefObject<HTMLInputElement | null>
}

/** Search as you type: Escape empties it. */
export function SearchField({ label, placeholder, value, onSettled, onLeave, input }: SearchFieldProps) {
  const [typed, setTyped] = useState(value)
  // What comes back from the URL is not typed over what was typed since; what came from elsewhere is shown.
  const [seen, setSeen] = useState(value)
  const [sent, setSent] = useState(value)
  if (value !== seen) {
    setSeen(value)
    if (value !== sent) setTyped(value)
  }
  const settle = useDebouncedCallback((words: string) => {
    setSent(words)
    onSettled(words)
  }, 180)
  const type = (words: string) => {
    setTyped(words)
    settle(words)
  }
  return (
    <TextInput
      ref={input}
      className={filterSearchClass}
      type="search"
      aria-label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={15} />}
      value={typed}
      onChange={({ currentTarget }) => type(currentTarget.value)}
      onKeyDown={({ key }) => {
        if (key === 'Escape') type('')
        if (key === 'Enter' || key === 'Escape') onLeave?.()
      }}
    />
  )
}
