// React 19, which passes attributes and listens to events of custom elements.
import { useEffect, useRef } from 'react';
import 'evm-lanes-embed';
import type { EvmLanesAttributes, EvmLanesElement, Figures } from 'evm-lanes-embed';

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'evm-lanes': EvmLanesAttributes & React.HTMLAttributes<HTMLElement> & React.RefAttributes<EvmLanesElement>;
    }
  }
}

type Props = EvmLanesAttributes & { onFigures?: (figures: Figures) => void };

export function Lanes({ onFigures, ...attributes }: Props) {
  const element = useRef<EvmLanesElement>(null);
  useEffect(() => {
    const own = element.current;
    if (!own || !onFigures) return;
    const told = (event: CustomEvent<{ figures: Figures }>) => onFigures(event.detail.figures);
    own.addEventListener('result', told);
    return () => own.removeEventListener('result', told as EventListener);
  }, [onFigures]);
  return <evm-lanes ref={element} site="https://lanes.example/" {...attributes} />;
}

// <Lanes scenario="one-pool" lanes={lanes} onFigures={(figures) => setSpeedUp(figures.speedUp)} />
