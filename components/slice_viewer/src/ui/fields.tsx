/** Small fields of the viewer's options. */
import * as React from "react";

interface NumberFieldProps {
  label: string;
  unit?: string;
  min?: number;
  max?: number;
  step?: number | "any";
  value: number;
  set: (value: number) => void;
}

/** A number with its word and unit. What is being typed counts as soon as it is a number in the limits. */
export function NumberField({ label, unit, min = -Infinity, max = Infinity, step, value, set }: NumberFieldProps): React.ReactElement {
  const [typed, setTyped] = React.useState<string | null>(null); // null: nobody is typing
  const change = (text: string): void => {
    setTyped(text);
    const number = Number(text);
    if (text.trim() !== "" && number >= min && number <= max) set(number);
  };
  return (
    <label className="sv-field">
      {label}
      <input
        type="number"
        min={Number.isFinite(min) ? min : undefined}
        max={Number.isFinite(max) ? max : undefined}
        step={step}
        value={typed ?? String(value)}
        onChange={(event) => change(event.target.value)}
        onBlur={() => setTyped(null)}
      />
      {unit !== undefined && <span className="sv-unit">{unit}</span>}
    </label>
  );
}

interface SegmentsProps<T extends string> {
  label: string;
  choices: readonly (readonly [T, string, string])[]; // value, word, tip
  value: T;
  set: (value: T) => void;
}

/** A few words of which one holds. */
export function Segments<T extends string>({ label, choices, value, set }: SegmentsProps<T>): React.ReactElement {
  return (
    <div className="sv-segments" role="radiogroup" aria-label={label}>
      {choices.map(([choice, word, tip]) => (
        <button key={choice} type="button" role="radio" aria-checked={choice === value} title={tip} onClick={() => set(choice)}>
          {word}
        </button>
      ))}
    </div>
  );
}
